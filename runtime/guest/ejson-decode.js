// Extended JSON in: JSON as parsed becomes values of the guest, in place. Runs inside the isolate.
//
// Kind memory: V8 has one type of number, so what came as a 64-bit integer or as an integral double is remembered beside its
// container; if the same container still holds the same number there when it is written, the kind is written again.
const kindMemory = new NativeWeakMap()

const rememberKind = (container, key, value, kind) => {
  let memory = weakGet(kindMemory, container)
  if (memory === undefined) weakSet(kindMemory, container, (memory = objectCreate(null)))
  memory[key] = { value, kind }
}

const isInt32 = (value) => (value | 0) === value && !sameValue(value, -0)
const deepest = 200

const malformed = (name, detail) => new NativeTypeError(`Cannot read Extended JSON: ${name}: ${detail}`)
const onlyText = (name, value) => {
  if (typeof value !== "string") throw malformed(name, "not a string")
  return value
}
const onlyRecord = (name, value) => {
  if (typeof value !== "object" || value === null || isArray(value)) throw malformed(name, "not an object")
  return value
}
/** The number of a wrapped number, or NaN. */
const wrappedNumber = (value) => {
  if (typeof value === "number") return value
  if (typeof value !== "object" || value === null) return NaN
  const inner = value.$numberLong ?? value.$numberInt ?? value.$numberDouble
  return typeof inner === "string" && testPattern(/\S/, inner) ? NativeNumber(inner) : NaN
}
const unsignedWord = (name, value) => {
  const number = wrappedNumber(value)
  if (!isInteger(number) || number < 0 || number >= 4294967296) throw malformed(name, "not an unsigned 32-bit number")
  return number
}

// Each takes what the wrapper holds, and the container and key its value will stand at.
const wrappers = once(() => ({
  __proto__: null,
  $numberInt: (value) => {
    const number = testPattern(/^[+-]?\d+$/, onlyText("$numberInt", value)) ? NativeNumber(value) + 0 : NaN
    if (!isInt32(number)) throw malformed("$numberInt", "not a 32-bit integer")
    return number
  },
  $numberLong: (value, container, key) => {
    if (typeof value !== "string" || !testPattern(/^[+-]?\d+$/, value)) throw malformed("$numberLong", "not an integer in a string")
    const number = NativeNumber(value)
    if (isSafeInteger(number)) {
      if (isInt32(number)) rememberKind(container, key, number, "long")
      return number + 0
    }
    const wide = integerOf(value)
    // SOURCE: realm-web sends 2**63 as "9223372036854776000", which does not fit; it is read as a double.
    return asIntN(64, wide) === wide ? new (longClass())(wide) : number
  },
  $numberDouble: (value, container, key) => {
    if (typeof value !== "string" || !testPattern(/^(?:NaN|[+-]?Infinity|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/, value)) throw malformed("$numberDouble", "not a number in a string")
    const number = NativeNumber(value)
    if (isSafeInteger(number) && !sameValue(number, -0)) rememberKind(container, key, number, "double")
    return number
  },
  $numberDecimal: (value) => {
    const text = decimalText(onlyText("$numberDecimal", value))
    if (text === undefined) throw malformed("$numberDecimal", "not a decimal number")
    return new (decimal128Class())(text)
  },
  $oid: (value) => {
    if (!testPattern(/^[0-9a-fA-F]{24}$/, onlyText("$oid", value))) throw malformed("$oid", "not 24 hexadecimal digits")
    return new (objectIdClass())(value)
  },
  $date: (value) => {
    const date = new NativeDate(typeof value === "string" ? parseDate(value) : wrappedNumber(value))
    if (getTime(date) !== getTime(date)) throw malformed("$date", "not a date that can be represented")
    return date
  },
  $binary: (value) => {
    const { base64, subType } = onlyRecord("$binary", value)
    if (typeof base64 !== "string" || !testPattern(/^[A-Za-z0-9+/]*={0,2}$/, base64)) throw malformed("$binary", "`base64` is not base64 text")
    if (typeof subType !== "string" || !testPattern(/^[0-9a-fA-F]{1,2}$/, subType)) throw malformed("$binary", "`subType` is not one or two hexadecimal digits")
    return binaryOfBase64(base64, +("0x" + subType))
  },
  $uuid: (value) => {
    const bytes = uuidBytes(onlyText("$uuid", value))
    if (bytes === undefined) throw malformed("$uuid", "not a UUID")
    return new (binaryClass())(bytes, 4)
  },
  $regularExpression: (value) => {
    const { pattern, options } = onlyRecord("$regularExpression", value)
    if (typeof pattern !== "string" || typeof options !== "string") throw malformed("$regularExpression", "`pattern` and `options` are not both strings")
    return new (bsonRegExpClass())(pattern, options)
  },
  $timestamp: (value) => {
    const { t, i } = onlyRecord("$timestamp", value)
    return new (timestampClass())({ t: unsignedWord("$timestamp", t), i: unsignedWord("$timestamp", i) })
  },
  $symbol: (value) => new (bsonSymbolClass())(onlyText("$symbol", value)),
  $code: (value) => new (codeClass())(onlyText("$code", value)),
  $dbPointer: (value) => {
    const { $ref, $id } = onlyRecord("$dbPointer", value)
    const id = decodeMember($id, {}, "", 0)
    if (typeof $ref !== "string" || bsonTypeOf(id) !== "ObjectId") throw malformed("$dbPointer", "no `$ref` and `$id`")
    return new (dbPointerClass())($ref, id)
  },
  $minKey: (value) => {
    if (wrappedNumber(value) !== 1) throw malformed("$minKey", "not 1")
    return new (minKeyClass())()
  },
  $maxKey: (value) => {
    if (wrappedNumber(value) !== 1) throw malformed("$maxKey", "not 1")
    return new (maxKeyClass())()
  },
  $undefined: (value) => {
    if (value !== true) throw malformed("$undefined", "not true")
    return undefined
  },
}))

/** Decodes an object that stands at `container[key]`. */
const decodeMember = (json, container, key, depth) => {
  if (typeof json !== "object" || json === null) return json
  if (depth >= deepest) throw new NativeRangeError(`Cannot read Extended JSON: more than ${deepest} levels`)
  if (isArray(json)) {
    for (let index = 0; index < json.length; index++) {
      const item = json[index]
      if (typeof item === "object" && item !== null) json[index] = decodeMember(item, json, index, depth + 1)
    }
    return json
  }
  const names = objectKeys(json)
  const first = names[0]
  if (first !== undefined && charCodeAt(first, 0) === 36) {
    if (names.length === 1) {
      const wrapper = wrappers()[first]
      if (wrapper !== undefined) return wrapper(json[first], container, key)
    } else if (names.length === 2 && hasOwn(json, "$code") && hasOwn(json, "$scope")) {
      const scope = decodeMember(json.$scope, json, "$scope", depth + 1)
      return new (codeClass())(onlyText("$code", json.$code), scope)
    }
  }
  for (let at = 0; at < names.length; at++) {
    const name = names[at]
    const member = json[name]
    // An own `__proto__` (as JSON.parse makes it) is written as the own property it is.
    if (typeof member === "object" && member !== null) json[name] = decodeMember(member, json, name, depth + 1)
  }
  return json
}

/** Decodes JSON that nobody else holds. */
const decode = (json) => decodeMember(json, {}, "", 0)

const copyJson = (json) => {
  if (typeof json !== "object" || json === null) return json
  const copy = isArray(json) ? [] : {}
  const names = objectKeys(json)
  for (let at = 0; at < names.length; at++) {
    const name = names[at]
    if (name === "__proto__") defineProperty(copy, name, { value: copyJson(json[name]), writable: true, enumerable: true, configurable: true, __proto__: null })
    else copy[name] = copyJson(json[name])
  }
  return copy
}

/** Decodes JSON that will be decoded again: every reader has a copy of its own. */
const decodeCopy = (json) => decode(copyJson(json))
