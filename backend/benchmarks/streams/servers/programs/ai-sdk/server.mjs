// A chat on the AI SDK, as its documentation writes it for Node's own HTTP server.
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText } from "ai";

const provider = createOpenAICompatible({ name: "paced", baseURL: process.env.MODEL_URL, apiKey: "none" });

createServer(async (request, response) => {
  const { message } = await json(request);
  const result = streamText({ model: provider("paced"), prompt: message });
  result.pipeUIMessageStreamToResponse(response);
}).listen({ port: Number(process.env.PORT), host: "127.0.0.1", backlog: 4096 });
