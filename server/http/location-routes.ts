// The first call of every SDK: where the app is (client protocol, 3.1).
import type { FastifyRequest } from "fastify"
import type { Route } from "./router.ts"

/** SOURCE: realm-core needs `ws_hostname` even without sync; a trailing slash in `hostname` would double slashes. */
export const locationRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/app/:appId/location",
    handle: async ({ app, raw }, reply) => {
      const hostname = (app.publicUrl ?? ownAddress(raw)).replace(/\/+$/, "")
      reply.header("cache-control", "max-age=60")
      const { deploymentModel, providerRegion } = app.model
      const location = { deployment_model: deploymentModel === "LOCAL" ? "LOCAL" : "GLOBAL", location: providerRegion === "" ? "US-VA" : providerRegion, hostname, ws_hostname: hostname.replace(/^http/, "ws") }
      return { status: 200, json: JSON.stringify(location) }
    },
  },
]

function ownAddress(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`
}
