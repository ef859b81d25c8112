// The globals of the web that a bare engine lacks. Loaded when one of them is first read.
const { callHost, utf8Bytes, utf8Text, randomBytes, randomUuidBytes, UUID } = internals

class URLSearchParams {
  #pairs = []
  #changed
  constructor(init = "", changed = () => {}) {
    this.#changed = changed
    if (init instanceof URLSearchParams) this.#pairs = [...init]
    else if (typeof init === "object" && init !== null) {
      const entries = typeof init[Symbol.iterator] === "function" ? [...init] : Object.entries(init)
      this.#pairs = entries.map(([name, value]) => [String(name), String(value)])
    } else this.#pairs = parsePairs(String(init).replace(/^\?/, ""))
  }
  append(name, value) { this.#pairs.push([String(name), String(value)]); this.#changed(this) }
  delete(name, value) { this.#pairs = this.#pairs.filter((pair) => !isPair(pair, name, value)); this.#changed(this) }
  get(name) { return this.#pairs.find(([each]) => each === String(name))?.[1] ?? null }
  getAll(name) { return this.#pairs.filter(([each]) => each === String(name)).map(([, value]) => value) }
  has(name, value) { return this.#pairs.some((pair) => isPair(pair, name, value)) }
  set(name, value) {
    const first = this.#pairs.find(([each]) => each === String(name))
    if (first === undefined) this.#pairs.push([String(name), String(value)])
    else {
      first[1] = String(value)
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== String(name))
    }
    this.#changed(this)
  }
  sort() { this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); this.#changed(this) }
  forEach(callback, self) { for (const [name, value] of this.#pairs) callback.call(self, value, name, this) }
  get size() { return this.#pairs.length }
  *keys() { for (const [name] of this.#pairs) yield name }
  *values() { for (const [, value] of this.#pairs) yield value }
  *entries() { for (const [name, value] of this.#pairs) yield [name, value] }
  [Symbol.iterator]() { return this.entries() }
  toString() { return this.#pairs.map(([name, value]) => `${formText(name)}=${formText(value)}`).join("&") }
}
const isPair = (pair, name, value) => pair[0] === String(name) && (value === undefined || pair[1] === String(value))
const parsePairs = (text) => text.split("&").filter((part) => part !== "").map((part) => {
  const at = part.indexOf("=")
  return (at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)]).map(fromForm)
})
const fromForm = (text) => {
  const plain = text.replaceAll("+", " ")
  if (!plain.includes("%")) return plain
  const bytes = []
  const source = utf8Bytes(plain)
  for (let at = 0; at < source.length; at++) {
    const digits = source[at] === 37 ? String.fromCharCode(source[at + 1] ?? 0, source[at + 2] ?? 0) : ""
    if (/^[0-9a-f]{2}$/i.test(digits)) {
      bytes.push(Number.parseInt(digits, 16))
      at += 2
    } else bytes.push(source[at])
  }
  return utf8Text(new Uint8Array(bytes))
}
const formText = (text) => encodeURIComponent(text.toWellFormed()).replaceAll("%20", "+").replace(/[!'()~]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)

class URL {
  #parts
  #params
  constructor(url, base) {
    try {
      this.#parts = callHost("url", "parse", [String(url), base === undefined ? null : String(base)])
    } catch (error) {
      throw Object.assign(error, { code: "ERR_INVALID_URL", input: String(url) })
    }
  }
  #set(part, value) {
    this.#parts = callHost("url", "set", [this.#parts.href, part, String(value)])
    if (part !== "search" || this.#params === undefined) this.#params = undefined
  }
  get origin() { return this.#parts.origin }
  get searchParams() {
    return (this.#params ??= new URLSearchParams(this.#parts.search, (params) => {
      this.#parts = callHost("url", "set", [this.#parts.href, "search", params.toString()])
    }))
  }
  toString() { return this.#parts.href }
  toJSON() { return this.#parts.href }
  static canParse(url, base) { return URL.parse(url, base) !== null }
  static parse(url, base) {
    try {
      return new URL(url, base)
    } catch {
      return null
    }
  }
  static {
    for (const part of ["href", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"]) {
      Object.defineProperty(URL.prototype, part, {
        get() { return this.#parts[part] },
        set(value) {
          this.#set(part, value)
          if (part === "search" || part === "href") this.#params = undefined
        },
        enumerable: true, configurable: true,
      })
    }
  }
}

class DOMException extends Error {
  #name
  constructor(message = "", name = "Error") {
    super(message)
    this.#name = name
  }
  get name() { return this.#name }
  get code() { return { AbortError: 20, TimeoutError: 23, DataCloneError: 25 }[this.#name] ?? 0 }
}

class Event {
  constructor(type, init = {}) {
    this.type = String(type)
    this.cancelable = init.cancelable === true
    this.defaultPrevented = false
    this.target = null
  }
  preventDefault() { if (this.cancelable) this.defaultPrevented = true }
}
class EventTarget {
  #listeners = new Map()
  addEventListener(type, listener, options) {
    const list = this.#listeners.get(type) ?? []
    if (!list.some((each) => each.listener === listener)) list.push({ listener, once: options?.once === true })
    this.#listeners.set(type, list)
  }
  removeEventListener(type, listener) { this.#listeners.set(type, (this.#listeners.get(type) ?? []).filter((each) => each.listener !== listener)) }
  dispatchEvent(event) {
    event.target = this
    for (const each of Array.from(this.#listeners.get(event.type) ?? [])) {
      if (each.once) this.removeEventListener(event.type, each.listener)
      if (typeof each.listener === "function") each.listener.call(this, event)
      else each.listener.handleEvent(event)
    }
    this[`on${event.type}`]?.(event)
    return !event.defaultPrevented
  }
}
const abort = Symbol("abort")
class AbortSignal extends EventTarget {
  aborted = false
  reason = undefined
  onabort = null
  throwIfAborted() { if (this.aborted) throw this.reason }
  [abort](reason = new DOMException("This operation was aborted", "AbortError")) {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    this.dispatchEvent(new Event("abort"))
  }
  static abort(reason) {
    const signal = new AbortSignal()
    signal[abort](reason)
    return signal
  }
  static timeout(milliseconds) {
    const signal = new AbortSignal()
    internals.startTimer(() => signal[abort](new DOMException("The operation was aborted due to timeout", "TimeoutError")), milliseconds, [], false)
    return signal
  }
}
class AbortController {
  signal = new AbortSignal()
  abort(reason) { this.signal[abort](reason) }
}

const structuredClone = (value, known = new Map()) => {
  if (typeof value === "function" || typeof value === "symbol") throw new DOMException(`${String(value)} could not be cloned.`, "DataCloneError")
  if (typeof value !== "object" || value === null) return value
  if (known.has(value)) return known.get(value)
  const keep = (copy) => {
    known.set(value, copy)
    return copy
  }
  if (Array.isArray(value)) {
    const list = keep(new Array(value.length))
    for (const key of Object.keys(value)) list[key] = structuredClone(value[key], known)
    return list
  }
  if (value instanceof Date) return keep(new Date(value.getTime()))
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags))
  if (value instanceof Map) {
    const map = keep(new Map())
    for (const [key, item] of value) map.set(structuredClone(key, known), structuredClone(item, known))
    return map
  }
  if (value instanceof Set) {
    const set = keep(new Set())
    for (const item of value) set.add(structuredClone(item, known))
    return set
  }
  if (value instanceof ArrayBuffer) return keep(value.slice(0))
  if (ArrayBuffer.isView(value)) return keep(value instanceof DataView ? new DataView(structuredClone(value.buffer, known), value.byteOffset, value.byteLength) : new value.constructor(value))
  if (value instanceof Error) return keep(Object.assign(new value.constructor(value.message), { name: value.name, stack: value.stack }))
  const copy = keep({})
  for (const key of Object.keys(value)) Object.defineProperty(copy, key, { value: structuredClone(value[key], known), writable: true, enumerable: true, configurable: true })
  return copy
}

const crypto = {
  getRandomValues(view) {
    if (!ArrayBuffer.isView(view) || view.byteLength > 65536) throw new DOMException("The array is no integer view of at most 65536 bytes", "QuotaExceededError")
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(randomBytes(view.byteLength))
    return view
  },
  randomUUID: () => new UUID(randomUuidBytes()).toString(),
}

// Packages tell these by their tag: axios writes a body that is no `URLSearchParams` by its tag as JSON.
for (const each of [URL, URLSearchParams, DOMException, Event, EventTarget, AbortSignal, AbortController]) {
  Object.defineProperty(each.prototype, Symbol.toStringTag, { value: each.name, configurable: true })
}
Object.defineProperty(crypto, Symbol.toStringTag, { value: "Crypto", configurable: true })

Object.assign(exports, { URL, URLSearchParams, DOMException, Event, EventTarget, AbortSignal, AbortController, structuredClone: (value) => structuredClone(value), crypto })
