// The AI SDK in its default setting, which speaks the Responses API: a loop of tools, streamed.
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const openai = createOpenAI({ baseURL: process.env.GATEWAY + "/v1", apiKey: "unused" });
const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `sunny in ${city}` });
const found = {};

found.whole = (await generateText({ model: openai("auto"), prompt: "Say hello.", maxRetries: 0 })).text;
const stream = streamText({
  model: openai("auto"), prompt: "Weather?", tools: { weather }, stopWhen: stepCountIs(3), maxRetries: 0,
});
found.loop = await stream.text;
found.steps = (await stream.steps).length;
console.log(JSON.stringify(found));
