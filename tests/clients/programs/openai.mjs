// The openai client of npm: responses and chat completions, with a tool, whole and streamed.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.GATEWAY + "/v1", apiKey: "unused", maxRetries: 0 });
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const found = {};

const answer = await client.responses.create({ model: "auto", input: "Say hello." });
found.responses = answer.output_text;

const tools = [{ type: "function", name: "weather", parameters, strict: false }];
const first = await client.responses.create({ model: "auto", input: "Weather?", tools });
const call = first.output.find((item) => item.type === "function_call");
const result = { type: "function_call_output", call_id: call.call_id, output: "sunny" };
const input = [{ role: "user", content: "Weather?" }, ...first.output, result];
const stream = client.responses.stream({ model: "auto", input, tools });
found.responsesTools = (await stream.finalResponse()).output_text;

const chat = client.chat.completions.stream({ model: "auto", messages: [{ role: "user", content: "Say hello." }] });
found.chat = await chat.finalContent();
found.models = (await client.models.list()).data[0].id;
console.log(JSON.stringify(found));
