// What an operator asks of a served app over HTTP. The route is there only where a token was set.
import type { FastifyInstance, FastifyRequest } from "fastify"
import { ejsonText, fromEjson, isDocument, systemClock } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import { createLimiter, type AttemptLimiter } from "../users/index.ts"
import { appById, bearerOf, isSameToken, parseBody, send } from "./router.ts"
import type { AppRegistry } from "./served-app.ts"

const operatorPrefix = "/api/backstitch/v1"
/** Wrong tokens one address may show in a minute. */
const guessesPerMinute = 10

/** Adds the operator's routes. Without a token there are none, and they answer as everything unknown does. */
export function addOperatorRoutes(http: FastifyInstance, apps: AppRegistry, token: string | undefined): void {
  if (token === undefined) return
  const guesses = createLimiter({ limit: guessesPerMinute, windowMs: 60_000, clock: systemClock })
  http.post(`${operatorPrefix}/apps/:appId/explain`, async (request, reply) => {
    // SECURITY: before anything of the request is looked at; the answer holds values of every user and document.
    admitOperator(request, token, guesses)
    const { explain, enter } = appById(apps, (request.params as { appId: string }).appId)
    const body = fromEjson(parseBody(request.body))
    if (!isDocument(body)) throw new RequestError("BadRequest", "the request body is not a JSON object")
    const leave = enter()
    try {
      return send(reply.header("cache-control", "no-store"), { status: 200, json: ejsonText(await explain(body), { relaxed: true }) })
    } finally {
      leave()
    }
  })
}

function admitOperator({ ip, headers }: FastifyRequest, token: string, guesses: AttemptLimiter): void {
  guesses.take(ip)
  if (!isSameToken(bearerOf(headers.authorization) ?? "", token)) throw new RequestError("AuthError", "unauthorized")
  guesses.giveBack(ip)
}
