// The anthropic client of npm: messages with a tool, whole and streamed, and the count of tokens.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.env.GATEWAY, apiKey: "unused", maxRetries: 0 });
const input_schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ name: "weather", input_schema }];
const found = {};

const question = { role: "user", content: "Weather?" };
const first = await client.messages.create({ model: "auto", max_tokens: 100, messages: [question], tools });
const call = first.content.find((block) => block.type === "tool_use");
const result = { role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content: "sunny" }] };
const messages = [question, { role: "assistant", content: first.content }, result];
const stream = client.messages.stream({ model: "auto", max_tokens: 100, messages, tools });
found.messages = (await stream.finalMessage()).content.at(-1).text;
found.tokens = (await client.messages.countTokens({ model: "auto", messages: [question] })).input_tokens;
found.models = (await client.models.list()).data[0].id;
console.log(JSON.stringify(found));
