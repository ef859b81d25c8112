// `require("http")`, the client's side: requests go the way of `context.http`, under the same address policy.
const { askWith, queryText, decode, Binary, realm, queueTask } = internals
const { Readable, Writable } = require("stream")
const EventEmitter = require("events")
const { Buffer, URL } = realm
const statusCodes = {
  100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints", 200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content", 205: "Reset Content", 206: "Partial Content", 207: "Multi-Status",
  208: "Already Reported", 226: "IM Used", 300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified", 305: "Use Proxy", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized",
  402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed",
  413: "Payload Too Large", 414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed", 418: "I'm a Teapot", 421: "Misdirected Request", 422: "Unprocessable Entity", 423: "Locked", 424: "Failed Dependency",
  425: "Too Early", 426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
  503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported", 506: "Variant Also Negotiates", 507: "Insufficient Storage", 508: "Loop Detected", 509: "Bandwidth Limit Exceeded", 510: "Not Extended", 511: "Network Authentication Required",
}
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]

/** Stands where packages expect a connection; nothing goes through it. */
const newSocket = () => Object.assign(new EventEmitter(), { connecting: false, destroyed: false, writable: true, setKeepAlive() {}, setTimeout() {}, setNoDelay() {}, ref() {}, unref() {}, destroy() {}, end() {} })

class IncomingMessage extends Readable {
  constructor(answer) {
    super({ autoDestroy: true })
    this.statusCode = answer.statusCode
    this.statusMessage = answer.status.replace(/^\d+\s*/, "")
    this.httpVersion = "1.1"
    this.httpVersionMajor = 1
    this.httpVersionMinor = 1
    this.headers = {}
    this.rawHeaders = []
    this.trailers = {}
    this.complete = false
    this.socket = newSocket()
    this.connection = this.socket
    // The host has decompressed the body already.
    const packed = answer.headers["Content-Encoding"] !== undefined
    for (const name of Object.keys(answer.headers)) {
      const key = name.toLowerCase()
      if (key === "transfer-encoding" || (packed && (key === "content-encoding" || key === "content-length"))) continue
      for (const value of answer.headers[name]) this.rawHeaders.push(name, value)
      this.headers[key] = key === "set-cookie" ? answer.headers[name] : answer.headers[name].join(", ")
    }
    this.body = Buffer.from(answer.body.buffer)
  }
  _read() {
    if (this.body !== undefined && this.body.length > 0) this.push(this.body)
    this.body = undefined
    this.complete = true
    this.push(null)
  }
  setTimeout() { return this }
}

const failure = (message, code) => Object.assign(new Error(message), { code })

class ClientRequest extends Writable {
  #chunks = []
  #headers = new Map()
  #timer
  constructor(options, callback) {
    super()
    this.method = String(options.method ?? "GET").toUpperCase()
    this.protocol = options.protocol
    this.host = options.hostname ?? options.host ?? "localhost"
    this.path = options.path ?? "/"
    this.port = options.port
    this.auth = options.auth
    this.aborted = false
    this.reusedSocket = false
    this.res = null
    for (const name of Object.keys(options.headers ?? {})) this.setHeader(name, options.headers[name])
    if (callback !== undefined) this.once("response", callback)
    if (options.timeout) this.setTimeout(options.timeout)
    if (options.signal) {
      const stop = () => this.destroy(Object.assign(new Error("The operation was aborted"), { name: "AbortError", code: "ABORT_ERR" }))
      if (options.signal.aborted) queueTask(stop, [])
      else options.signal.addEventListener("abort", stop, { once: true })
    }
    this.socket = newSocket()
    queueTask(() => this.emit("socket", this.socket), [])
  }
  setHeader(name, value) { this.#headers.set(String(name).toLowerCase(), [String(name), value]) }
  getHeader(name) { return this.#headers.get(String(name).toLowerCase())?.[1] }
  hasHeader(name) { return this.#headers.has(String(name).toLowerCase()) }
  removeHeader(name) { this.#headers.delete(String(name).toLowerCase()) }
  getHeaders() { return Object.fromEntries([...this.#headers].map(([name, [, value]]) => [name, value])) }
  getHeaderNames() { return [...this.#headers.keys()] }
  flushHeaders() {}
  setNoDelay() {}
  setSocketKeepAlive() {}
  setTimeout(milliseconds, callback) {
    if (callback !== undefined) this.once("timeout", callback)
    if (this.#timer !== undefined) internals.stopTimer(this.#timer)
    this.#timer = milliseconds > 0 ? internals.startTimer(() => this.emit("timeout"), milliseconds, [], false) : undefined
    return this
  }
  abort() {
    if (this.aborted) return
    this.aborted = true
    this.emit("abort")
    this.destroy()
  }
  _write(chunk, encoding, done) {
    this.#chunks.push(typeof chunk === "string" ? Buffer.from(chunk, encoding) : Buffer.from(chunk))
    done()
  }
  _destroy(error, done) {
    if (this.#timer !== undefined) internals.stopTimer(this.#timer)
    // As in Node, what waits for the answer of a request that was given up is told so.
    done(error ?? (this.res === null ? failure("socket hang up", "ECONNRESET") : null))
  }
  _final(done) {
    done()
    if (!methods.includes(this.method)) {
      this.destroy(new Error(`the HTTP method ${this.method} is not available in this server`))
      return
    }
    const headers = {}
    for (const [name, value] of this.#headers.values()) if (value !== undefined && value !== null) headers[name] = Array.isArray(value) ? value.map(String) : [String(value)]
    const host = /:.*:/.test(this.host) && !this.host.startsWith("[") ? `[${this.host}]` : this.host
    const settings = { url: `${this.protocol}//${host}${this.port ? `:${this.port}` : ""}${this.path}`, headers }
    if (this.auth && !this.hasHeader("authorization")) settings.headers.Authorization = [`Basic ${Buffer.from(this.auth).toString("base64")}`]
    if (this.#chunks.length > 0) settings.body = new Binary(Buffer.concat(this.#chunks))
    askWith(() => `"kind":"http","method":"${this.method.toLowerCase()}","args":${queryText(settings)}`, decode).then(
      (answer) => {
        if (this.#timer !== undefined) internals.stopTimer(this.#timer)
        if (this.destroyed) return
        const message = new IncomingMessage(answer)
        message.req = this
        this.res = message
        if (!this.emit("response", message)) message.resume()
      },
      (error) => this.destroy(Object.assign(error, { code: error.code === "RestrictedHost" ? "EACCES" : (/: (E[A-Z_]+)$/.exec(error.message)?.[1] ?? "ECONNREFUSED") })),
    )
  }
}

const optionsOf = (first, second, protocol) => {
  const whole = typeof first === "string" || first instanceof URL ? new URL(String(first)) : undefined
  const parts = whole === undefined ? first : { protocol: whole.protocol, hostname: whole.hostname, port: whole.port, path: whole.pathname + whole.search, ...(whole.username ? { auth: decodeURIComponent(`${whole.username}:${whole.password}`) } : {}) }
  const options = { ...parts, ...(typeof second === "object" ? second : {}) }
  options.protocol ??= protocol
  if (options.hostname === undefined && typeof options.host === "string") {
    const match = /^([^:]*)(?::(\d+))?$/.exec(options.host) ?? [undefined, options.host]
    options.hostname = match[1]
    options.port ??= match[2]
  }
  return options
}

// A function and no class, as in Node: packages call it for objects of theirs. It holds no connections.
function Agent(options) {
  if (!(this instanceof Agent)) return new Agent(options)
  EventEmitter.call(this)
  this.options = { ...options }
  this.requests = {}
  this.sockets = {}
  this.freeSockets = {}
  this.keepAlive = false
  this.maxSockets = Infinity
  this.maxFreeSockets = 256
}
Agent.prototype = Object.create(EventEmitter.prototype, { constructor: { value: Agent, writable: true, configurable: true } })
Agent.prototype.destroy = () => {}
Agent.prototype.getName = ({ host, port } = {}) => `${host ?? "localhost"}:${port ?? ""}:`

exports.make = (protocol) => {
  const request = (first, second, third) => new ClientRequest(optionsOf(first, second, protocol), typeof second === "function" ? second : third)
  return {
    request,
    get(first, second, third) {
      const made = request(first, second, third)
      made.end()
      return made
    },
    Agent, globalAgent: new Agent(), ClientRequest, IncomingMessage, METHODS: methods, STATUS_CODES: statusCodes, maxHeaderSize: 16384,
    createServer() { throw new Error("servers are not available in functions") },
    Server: class Server {}, ServerResponse: class ServerResponse {}, OutgoingMessage: Writable,
  }
}
Object.assign(exports, exports.make("http:"))
