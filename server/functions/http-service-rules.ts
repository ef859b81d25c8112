// May this request be sent through a legacy HTTP service? Its rules, compiled once when the app is deployed.
import type { Document } from "../../kernel/index.ts"
import type { HttpService } from "../app/index.ts"
import type { Caller } from "../data/index.ts"
import { PermissionError, RequestError } from "../errors.ts"
import { Admission, type AdmissionScope } from "./admission.ts"
import type { AddressCheck } from "./http-client.ts"

export interface HttpServiceRules {
  /**
   * The check of one request. SOURCE: specification of functions, 7.3: without a rule that matches, a request is refused. The system
   * user is under no rules, as everywhere.
   */
  check(service: string, method: string, settings: Document, caller: Caller): AddressCheck
}

/** `scopeOf` gives what an expression may look at besides the request. */
export function createHttpServiceRules(services: ReadonlyMap<string, HttpService>, scopeOf: (caller: Caller) => Omit<AdmissionScope, "args">): HttpServiceRules {
  const compiled = new Map([...services].map(([name, { rules }]) => [name, rules.map(({ actions, when }) => ({ actions, admission: new Admission({ canEvaluate: when }) }))]))
  return {
    check: (service, method, settings, caller) => async (url) => {
      const rules = compiled.get(service)
      if (rules === undefined) throw new RequestError("ServiceNotFound", `service not found: '${service}'`)
      if (caller.system) return
      const scope = { ...scopeOf(caller), args: { ...settings, url: partsOf(url) } }
      for (const { actions, admission } of rules) if (actions.includes(method) && await admission.admits(scope)) return
      throw new PermissionError("NoMatchingRuleFound", `no rule exists for service '${service}' that lets it send this ${method}`)
    },
  }
}

/** The parts of an address, by the names a request's settings have for them. */
function partsOf(url: URL): Document {
  return {
    scheme: url.protocol.slice(0, -1), host: url.host, path: url.pathname, fragment: url.hash.slice(1),
    query: Object.fromEntries([...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)])),
  }
}
