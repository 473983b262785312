// A page's client of Socket.IO. It prints what arrives, one JSON array a line, and asks again if it is told to.
import { createRequire } from "node:module";

const { io } = createRequire(process.argv[2])("socket.io-client");

const socket = io(process.argv[3], JSON.parse(process.argv[4]));
const print = (...line) => console.log(JSON.stringify(line));

socket.on("connect", () => socket.emit("chat_message", JSON.parse(process.argv[5])));
socket.on("token", (data) => print("token", data.token, data.generation));
socket.on("error", (data) => print("error", data.code));
socket.on("done", () => {
  print("done", socket.io.engine.transport.name);
  socket.disconnect();
});
