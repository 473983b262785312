"""A chat on FastAPI, as the documentations of its packages write it. It runs in an environment of its own."""

import json
import os
from collections.abc import AsyncIterator

from fastapi import FastAPI
from openai import AsyncOpenAI
from pydantic import BaseModel
from sse_starlette.sse import EventSourceResponse

app = FastAPI()
client = AsyncOpenAI(base_url=os.environ["MODEL_URL"], api_key="none", timeout=600)


class Question(BaseModel):
    message: str


@app.post("/chat")
async def chat(question: Question) -> EventSourceResponse:
    async def events() -> AsyncIterator[dict[str, str]]:
        stream = await client.chat.completions.create(
            model="paced", messages=[{"role": "user", "content": question.message}], stream=True
        )
        async for chunk in stream:
            if token := chunk.choices[0].delta.content:
                yield {"data": json.dumps({"token": token})}

    return EventSourceResponse(events())
