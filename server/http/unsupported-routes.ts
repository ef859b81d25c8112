// Addresses of features that are not served (docs/deviations.md): the reply names the feature.
import { RequestError } from "../errors.ts"
import type { Route } from "./router.ts"

const without = (feature: string): Route["handle"] => async () => {
  throw new RequestError("NotFound", `${feature} is not supported`)
}

export const unsupportedRoutes: readonly Route[] = [
  { method: "POST", path: "/app/:appId/graphql", handle: without("GraphQL") },
  { method: "GET", path: "/app/:appId/realm-sync", handle: without("Device Sync") },
]

/** Whether an endpoint's route is one of the generated Data API. */
export function isDataApi(route: string): boolean {
  return /^\/data\/[^/]+\/(?:action\/|openapi)/.test(route)
}
