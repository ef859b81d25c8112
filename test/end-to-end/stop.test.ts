// SIGTERM and SIGINT stop the program cleanly: what is under way ends, streams are told, the exit status is 0.
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { serve, temporaryFolder, worktracker } from "../support/serve.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())

test("a request under way gets its answer, an open stream its end, and the data file can be used at once", async () => {
  const file = join(folder.path, "stop.sqlite")
  const served = await serve([worktracker, "--port", "0", "--data", file])
  const app = `${served.url}/api/client/v2.0/app/${served.appId}`
  const post = (url: string, body: unknown, token?: string): Promise<Response> => fetch(url, { method: "POST", body: JSON.stringify(body), headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
  await post(`${app}/auth/providers/local-userpass/register`, { email: "lea@red.example", password: "a long password" })
  const { access_token: token } = (await (await post(`${app}/auth/providers/local-userpass/login`, { username: "lea@red.example", password: "a long password" })).json()) as { access_token: string }
  const watch = { name: "watch", service: "mongodb-atlas", arguments: [{ database: "tracker", collection: "tasks" }] }
  const stream = await fetch(`${app}/functions/call?baas_request=${encodeURIComponent(Buffer.from(JSON.stringify(watch)).toString("base64"))}`, { headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" } })
  expect(stream.status).toBe(200)

  // Connections are made by a first round, so that the second finds them open: what the system has not handed over yet is reset by it.
  const round = (name: string, ...args: unknown[]): Promise<PromiseSettledResult<Response>[]> => Promise.allSettled(Array.from({ length: 4 }, () => post(`${app}/functions/call`, { name, arguments: args }, token)))
  for (const first of await round("whoAmI")) if (first.status === "fulfilled") await first.value.text()
  const answers = round("createTask", { title: "before the end" })
  // The requests are on their way once the first event of one of them is on the stream.
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  while (!text.includes("data: {")) text += (await reader?.read())?.value ?? ""
  const ended = served.stop("SIGINT")
  // What had arrived is answered; what had not is refused as a whole, never cut off in the middle.
  const outcomes = (await answers).map((answer) => (answer.status === "fulfilled" ? answer.value.status : ((answer.reason as Error).cause as { code?: string }).code))
  expect(outcomes).toContain(200)
  expect(outcomes.filter((outcome) => outcome !== 200 && outcome !== 503 && outcome !== "ECONNREFUSED")).toEqual([])
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) text += part.value
  expect(text).toMatch(/event: error\ndata: \{[^\n]*"error_code"/)
  expect(await ended).toBe(0)

  const again = await serve([worktracker, "--port", "0", "--data", file])
  expect(await again.stop("SIGTERM")).toBe(0)
})
