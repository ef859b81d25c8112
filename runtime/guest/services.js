// `context.http`, `utils.crypto` and `utils.jwt`. Runs inside the isolate.
const httpText = (request) => {
  if (typeof request !== "object" || request === null) throw new NativeTypeError("an HTTP request needs an object with its settings")
  const { body, encodeBodyAsJSON, ...rest } = request
  const settings = { ...rest }
  if (body !== undefined && body !== null) {
    settings.body = encodeBodyAsJSON === true ? (write(body, newWriter({ relaxed: true, undefinedText: "null" }), 0) ?? "null") : body
    if (encodeBodyAsJSON === true) settings.encodeBodyAsJSON = true
  }
  return queryText(settings)
}

/** `through`: the members of the message that name a legacy service and under whose rights it is used. */
const newHttp = (through = "") => {
  const http = {}
  for (const method of ["get", "post", "put", "patch", "delete", "head"]) {
    http[method] = (request) => askWith(() => `"kind":"http","method":"${method}",${through}"args":${httpText(request)}`, readResponse)
  }
  return http
}

const readResponse = (json) => decode(json)

const cryptoCall = (name, ...args) => decode(callHost("crypto", name, args))

const newUtils = () => ({
  crypto: {
    encrypt: (kind, text, key) => cryptoCall("encrypt", kind, text, key),
    decrypt: (kind, binary, key) => cryptoCall("decrypt", kind, binary, key),
    sign: (kind, text, key, scheme) => cryptoCall("sign", kind, text, key, scheme ?? "pss"),
    verify: (kind, text, key, signature, scheme) => cryptoCall("verify", kind, text, key, signature, scheme ?? "pss"),
    hmac: (text, secret, hash, format) => cryptoCall("hmac", text, secret, hash, format),
    hash: (hash, input) => cryptoCall("hash", hash, input),
  },
  jwt: {
    encode: (method, payload, secret, headers) => callHost("crypto", "jwt.encode", [method, stringifyJson(payload), secret, stringifyJson(headers ?? {})]),
    decode: (token, key, returnHeader, methods) => {
      const { header, payload } = callHost("crypto", "jwt.decode", [token, key, methods === undefined || methods === null ? null : methods])
      return returnHeader ? { header: parseJson(header), payload: parseJson(payload) } : parseJson(payload)
    },
  },
})
