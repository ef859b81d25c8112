// Cross-origin requests: client protocol, section 7.
import cors from "@fastify/cors"
import type { FastifyInstance, FastifyRequest } from "fastify"
import { RequestError } from "../errors.ts"

/** The allowed origins of an app; an empty list admits any. */
export type OriginsOf = (request: FastifyRequest) => readonly string[]

/** Answers preflights and marks every reply, error replies above all: without the header the browser hides the status from the SDK. */
export async function registerCors(http: FastifyInstance, originsOf: OriginsOf): Promise<void> {
  await http.register(cors, {
    hook: "onRequest",
    delegator: (request, done) => {
      const origin = request.headers.origin
      const allowed = origin === undefined ? [] : originsOf(request)
      if (origin !== undefined && allowed.length > 0 && !allowed.includes(origin)) {
        done(new RequestError("OriginNotAllowed", "origin forbidden"))
        return
      }
      done(null, {
        origin: origin ?? false,
        credentials: true,
        methods: ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"],
        allowedHeaders: ["authorization", "content-type", "accept", "x-requested-with"],
        exposedHeaders: ["X-Baas-Location", "X-Stitch-Location"],
        maxAge: 7200,
        strictPreflight: false,
      })
    },
  })
}
