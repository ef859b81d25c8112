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
      const location = { deployment_model: deploymentModel === "LOCAL" ? "LOCAL" : "GLOBAL", location: locationOf(providerRegion), hostname, ws_hostname: hostname.replace(/^http/, "ws") }
      return { status: 200, json: JSON.stringify(location) }
    },
  },
]

/** SOURCE: specification of the app directory, 7.1. Exports name the provider's region, the reply the location; older exports name that themselves. */
const regionsOf: Readonly<Record<string, readonly string[]>> = {
  "US-VA": ["", "aws-us-east-1", "aws-us-east-2", "azure-eastus2"],
  "US-OR": ["aws-us-west-2", "azure-westus"],
  "IE": ["aws-eu-west-1", "aws-eu-west-2"],
  "DE-FF": ["aws-eu-central-1", "azure-westeurope"],
  "AU": ["aws-ap-southeast-2"],
  "IN-MB": ["aws-ap-south-1", "azure-eastasia"],
  "SG":    ["aws-ap-southeast-1", "azure-southeastasia"],
  "BR-SP": ["aws-sa-east-1"],
}

function locationOf(region: string): string {
  return Object.keys(regionsOf).find((location) => regionsOf[location]?.includes(region)) ?? region
}

function ownAddress(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`
}
