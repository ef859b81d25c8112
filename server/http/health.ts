// For supervisors and load balancers: is the process up, can it serve.
import type { FastifyInstance } from "fastify"
import { send } from "./router.ts"

/** How long a store may take to answer before the process counts as not ready. */
export const readyWithinMs = 2000

/** Asks everything the server needs; rejects when something does not answer. */
export type Probe = () => Promise<unknown>

/** `/healthz`: the process runs. `/readyz`: its stores answer in time. Neither says more than a word, to anyone. */
export function addHealthRoutes(http: FastifyInstance, probe: Probe, withinMs: number = readyWithinMs): void {
  const isReady = sharedProbe(probe, withinMs)
  http.get("/healthz", (_request, reply) => send(reply, { status: 200, json: "{\"status\":\"ok\"}" }))
  http.get("/readyz", async (_request, reply) => {
    reply.header("cache-control", "no-store")
    return (await isReady()) ? send(reply, { status: 200, json: "{\"status\":\"ready\"}" }) : send(reply, { status: 503, json: "{\"status\":\"not ready\"}" })
  })
}

/** One question at a time reaches the stores, however many ask: a flood here must not become a flood there. */
function sharedProbe(probe: Probe, withinMs: number): () => Promise<boolean> {
  let underWay: Promise<boolean> | undefined
  return () => {
    if (underWay !== undefined) return within(underWay, withinMs)
    underWay = probe().then(() => true, () => false).finally(() => (underWay = undefined))
    return within(underWay, withinMs)
  }
}

async function within(answer: Promise<boolean>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((done) => {
    timer = setTimeout(() => done(false), milliseconds)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
