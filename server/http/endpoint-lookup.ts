// Which endpoint or webhook a request is for: admin specification, 9.1 and app directory, 7.2.
import type { AppModel, Endpoint } from "../app/index.ts"

/** The endpoints of one app by address and method. */
export interface EndpointTable {
  /** `/app/<id>/endpoint<route>`: custom endpoints first, then webhooks as the vendor's conversion addressed them. */
  atRoute(route: string, method: string): Endpoint | undefined
  /** `…/service/<service>/incoming_webhook/<hook>`: webhooks alone. */
  atHook(service: string, hook: string, method: string): Endpoint | undefined
}

/** Makes the table. What is disabled is not in it. */
export function createEndpointTable({ endpoints }: AppModel): EndpointTable {
  const enabled = endpoints.filter(({ disabled }) => !disabled)
  const custom = byAddress(enabled.filter(({ kind }) => kind === "endpoint"))
  const hooks = byAddress(enabled.filter(({ kind }) => kind === "webhook"))
  const find = (table: ReadonlyMap<string, Endpoint>, route: string, method: string): Endpoint | undefined => table.get(`${method} ${route}`) ?? table.get(`* ${route}`)
  return {
    atRoute: (route, method) => find(custom, route, method) ?? find(hooks, route, method),
    atHook: (service, hook, method) => find(hooks, `/${service}/${hook}`, method),
  }
}

function byAddress(endpoints: readonly Endpoint[]): ReadonlyMap<string, Endpoint> {
  return new Map(endpoints.map((endpoint) => [`${endpoint.method} ${endpoint.route}`, endpoint]))
}

/** The route in a request's address, percent-decoded and else as it came; undefined when the address holds none. */
export function routeOf(url: string): string | undefined {
  const encoded = /^\/+app\/+[^/]+\/+endpoint(\/.*)$/s.exec(pathOf(url))?.[1]
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}

/** The query string of an address, without its question mark. */
export function queryOf(url: string): string {
  const question = url.indexOf("?")
  return question === -1 ? "" : url.slice(question + 1)
}

function pathOf(url: string): string {
  // A proxy may send the whole address.
  return (url.split("?", 1)[0] as string).replace(/^https?:\/\/[^/]*/i, "")
}
