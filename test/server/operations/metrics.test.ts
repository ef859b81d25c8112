// Health and metrics as a supervisor and Prometheus see them.
import { describe, expect, test } from "vitest"
import { createHttp, createMetrics } from "../../../server/http/index.ts"
import { serveInProcess, signIn, type InProcess } from "../../support/in-process.ts"

const token = "a token of sixteen or more".replaceAll(" ", "-")

async function numbers(url: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const reply = await fetch(`${url}/metrics`, { headers })
  return { status: reply.status, text: await reply.text() }
}

async function used(served: InProcess): Promise<void> {
  const { access_token: access, refresh_token: refresh } = await signIn(served, "lea@red.example")
  await served.call("POST", "{app}/auth/providers/local-userpass/login", { body: { username: "lea@red.example", password: "wrong password" } })
  await served.call("POST", "{app}/auth/providers/made-up-by-a-caller/login", { body: {} })
  await served.call("POST", "/auth/session", { token: refresh })
  await served.call("POST", "{app}/functions/call", { token: access, body: { name: "whoAmI", arguments: [] } })
  await served.call("POST", "{app}/functions/call", { token: access, body: { name: "createTask", arguments: [{ secretWord: "tulip" }] } })
  await served.call("GET", "/nowhere/a-name-a-caller-chose")
}

describe("metrics", () => {
  test("count requests, logins, refreshes, function calls and executors, under bounded labels", async () => {
    const served = await serveInProcess()
    try {
      await used(served)
      const { status, text } = await numbers(served.url)
      expect(status).toBe(200)
      expect(text).toMatch(/^backstitch_logins_total\{provider="local-userpass",outcome="ok"\} 1$/m)
      expect(text).toMatch(/^backstitch_logins_total\{provider="local-userpass",outcome="refused"\} 1$/m)
      expect(text).toMatch(/^backstitch_logins_total\{provider="other",outcome="refused"\} 1$/m)
      expect(text).toMatch(/^backstitch_token_refreshes_total\{outcome="ok"\} 1$/m)
      expect(text).toMatch(/^backstitch_function_seconds_count\{type="FUNCTION",outcome="ok"\} 1$/m)
      expect(text).toMatch(/^backstitch_function_seconds_count\{type="FUNCTION",outcome="FunctionExecutionError"\} 1$/m)
      expect(text).toMatch(/^backstitch_http_request_seconds_count\{route="\/api\/client\/v2.0\/app\/:appId\/functions\/call",method="POST",status="200"\} 1$/m)
      expect(text).toMatch(/^backstitch_http_request_seconds_count\{route="none",method="any",status="404"\} 1$/m)
      expect(Number(/^backstitch_executors (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(0)
      expect(text).toMatch(/^backstitch_event_loop_delay_p99_seconds [\d.e-]+$/m)
      expect(text).not.toMatch(/lea@|tulip|made-up|a-name-a-caller-chose|worktracker-abcde|whoAmI/)
    } finally {
      await served.close()
    }
  })

  test("are for this machine alone, and not for what was forwarded to it or asked by a page", async () => {
    const served = await serveInProcess()
    try {
      expect((await numbers(served.url)).status).toBe(200)
      for (const header of ["x-forwarded-for", "forwarded", "via", "x-real-ip", "origin"]) expect((await numbers(served.url, { [header]: "https://somebody.example" })).status, header).toBe(404)
      expect((await served.server.fetch(new Request(`${served.url}/metrics`))).status).toBe(404)
    } finally {
      await served.close()
    }
  })

  test("are for whoever shows the token where there is one, and for nobody else", async () => {
    const served = await serveInProcess({ settings: { http: { metricsToken: token } } })
    try {
      expect((await numbers(served.url)).status).toBe(404)
      expect((await numbers(served.url, { authorization: `Bearer ${token}x` })).status).toBe(404)
      expect((await numbers(served.url, { authorization: `Bearer ${token}`, "x-forwarded-for": "203.0.113.9" })).status).toBe(200)
    } finally {
      await served.close()
    }
  })

  test("of two servers in one process are apart", async () => {
    const [one, two] = [await serveInProcess(), await serveInProcess()]
    try {
      await signIn(one, "lea@red.example")
      expect((await numbers(one.url)).text).toMatch(/^backstitch_logins_total\{provider="local-userpass",outcome="ok"\} 1$/m)
      expect((await numbers(two.url)).text).not.toMatch(/^backstitch_logins_total\{/m)
    } finally {
      await one.close()
      await two.close()
    }
  })
})

describe("health", () => {
  const http = (probe: () => Promise<unknown>): ReturnType<typeof createHttp> => {
    const metrics = createMetrics()
    metrics.close()
    return createHttp({ apps: { byClientAppId: () => undefined, byDomainId: () => undefined, all: () => [] }, log: () => undefined, metrics, probe })
  }

  test("the process is up, its stores answer", async () => {
    const served = await serveInProcess()
    try {
      expect(await Promise.all(["/healthz", "/readyz"].map(async (path) => (await fetch(`${served.url}${path}`)).status))).toEqual([200, 200])
    } finally {
      await served.close()
    }
  })

  test("a store that refuses makes the server not ready, and still healthy", async () => {
    const refusing = await http(() => Promise.reject(new Error("away")))
    expect((await refusing.inject("/readyz")).statusCode).toBe(503)
    expect((await refusing.inject("/healthz")).statusCode).toBe(200)
  })

  test("a store that does not answer is asked once, however many ask, and is given two seconds", async () => {
    let asked = 0
    const silent = await http(() => {
      asked += 1
      return new Promise(() => undefined)
    })
    const begun = Date.now()
    const replies = await Promise.all(Array.from({ length: 20 }, () => silent.inject("/readyz")))
    expect(replies.map(({ statusCode }) => statusCode)).toEqual(Array.from({ length: 20 }, () => 503))
    expect(Date.now() - begun).toBeLessThan(5000)
    expect(asked).toBe(1)
  })
})
