// How providers are asked over the network: the transport of functions, with its policy on addresses and its bounds.
import { createHttpTransport } from "./functions/index.ts"
import type { ProviderHttp } from "./users/index.ts"

/** Makes the client. SECURITY: closed addresses stay closed but for `openHosts` and the address the operator chose. */
export function createProviderHttp({ openHosts = [], operatorUrl }: { readonly openHosts?: readonly string[] | undefined; readonly operatorUrl?: string | undefined }): ProviderHttp {
  const transport = createHttpTransport(operatorUrl === undefined ? openHosts : [...openHosts, new URL(operatorUrl).host])
  return {
    async get(url, options) {
      const { statusCode, body } = await transport({ method: "GET", url, headers: [["Accept", "application/json"]], body: undefined }, options)
      return { status: statusCode, body }
    },
  }
}
