// Extended JSON out: values of the guest become text in one pass, with no object between. Runs inside the isolate.
//
// A writer says how: `relaxed` numbers and dates, what `undefined` is, how much text at most, what to do with promises and
// cursors (`pending` collects them, `settled` knows the values of those that were awaited), and `forgiving` for the console.
const quote = (text) => stringifyJson(text)

const newWriter = (options) => ({ __proto__: null, relaxed: false, undefinedText: '{"$undefined":true}', limit: 100 * 1024 * 1024, size: 0, pending: undefined, settled: undefined, forgiving: false, whole: false, ancestors: undefined, ...options })

const spend = (writer, length) => {
  writer.size += length
  if (writer.size > writer.limit) throw new NativeRangeError("the value is too large")
}

const doubleText = (value) => {
  if (sameValue(value, -0)) return "-0.0"
  const digits = numberText(value)
  return isInteger(value) && textIndexOf(digits, "e") < 0 ? `${digits}.0` : digits
}

const writeNumber = (value, writer, kind) => {
  spend(writer, 24)
  if (writer.relaxed && isFiniteNumber(value)) return sameValue(value, -0) ? "-0.0" : numberText(value)
  if (kind === "long") return `{"$numberLong":"${value}"}`
  if (kind !== "double" && isSafeInteger(value) && !sameValue(value, -0)) return isInt32(value) ? `{"$numberInt":"${value}"}` : `{"$numberLong":"${value}"}`
  return `{"$numberDouble":"${doubleText(value)}"}`
}

const writeBig = (value, writer) => {
  if (asIntN(64, value) !== value) throw new NativeRangeError("a BigInt does not fit in 64 bits")
  spend(writer, 24)
  return writer.relaxed && isSafeInteger(NativeNumber(value)) ? bigText(value) : `{"$numberLong":"${bigText(value)}"}`
}

const writeDate = (value, writer) => {
  const milliseconds = getTime(value)
  if (milliseconds !== milliseconds) {
    if (writer.whole) throw new NativeTypeError("an invalid date cannot be part of a query")
    return "null"
  }
  spend(writer, 32)
  if (writer.relaxed && milliseconds >= 0 && getUtcYear(value) <= 9999) {
    const text = toIsoText(value)
    return `{"$date":"${getUtcMilliseconds(value) === 0 ? `${sliceText(text, 0, -5)}Z` : text}"}`
  }
  return `{"$date":{"$numberLong":"${milliseconds}"}}`
}

const writeBytes = (base64, subType, writer) => {
  spend(writer, base64.length)
  return `{"$binary":{"base64":"${base64}","subType":"${padStart(numberText(subType, 16), 2, "0")}"}}`
}

// INVARIANT: only public members are used, so values of a BSON package the app brought are written too.
const bsonWriters = once(() => ({
  __proto__: null,
  ObjectId: (value) => `{"$oid":${quote(NativeString(value.toHexString()))}}`,
  ObjectID: (value) => `{"$oid":${quote(NativeString(value.toHexString()))}}`,
  Int32: (value, writer) => (writer.relaxed ? numberText(+value.value) : `{"$numberInt":"${+value.value}"}`),
  Double: (value, writer) => (writer.relaxed && isFiniteNumber(+value.value) ? writeNumber(+value.value, writer) : `{"$numberDouble":"${doubleText(+value.value)}"}`),
  Long: (value, writer) => (writer.relaxed && isSafeInteger(value.toNumber()) ? numberText(value.toNumber()) : `{"$numberLong":${quote(NativeString(value.toString()))}}`),
  Decimal128: (value) => `{"$numberDecimal":${quote(NativeString(value.toString()))}}`,
  Binary: (value, writer) => writeBytes(value instanceof binaryClass() ? value.toBase64() : base64Text(bytesOf(value)), value.sub_type & 255, writer),
  BSONRegExp: (value) => `{"$regularExpression":{"pattern":${quote(NativeString(value.pattern))},"options":${quote(NativeString(value.options))}}}`,
  Timestamp: (value) => `{"$timestamp":{"t":${value.getHighBitsUnsigned() >>> 0},"i":${value.getLowBitsUnsigned() >>> 0}}}`,
  BSONSymbol: (value) => `{"$symbol":${quote(NativeString(value.value))}}`,
  Code: (value, writer, depth) => {
    const code = quote(NativeString(value.code))
    return value.scope === null || value.scope === undefined ? `{"$code":${code}}` : `{"$code":${code},"$scope":${write(value.scope, writer, depth + 1) ?? "{}"}}`
  },
  DBRef: (value, writer, depth) => writeFields(value.toJSON(), writer, depth),
  DBPointer: (value, writer, depth) => `{"$dbPointer":{"$ref":${quote(value.ref)},"$id":${write(value.id, writer, depth + 1)}}}`,
  MinKey: () => '{"$minKey":1}',
  MaxKey: () => '{"$maxKey":1}',
}))

/** The text of a value, or undefined for what JSON leaves out. */
const write = (value, writer, depth, kind) => {
  switch (typeof value) {
    case "string":
      spend(writer, value.length + 2)
      return quote(value)
    case "number": return writeNumber(value, writer, kind)
    case "boolean": return value ? "true" : "false"
    case "undefined":
      spend(writer, 19)
      return writer.undefinedText
    case "bigint": return writeBig(value, writer)
    case "function": return bson === undefined ? leftOut("function", writer) : value === bson.MinKey ? '{"$minKey":1}' : value === bson.MaxKey ? '{"$maxKey":1}' : leftOut("function", writer)
    case "object": return value === null ? "null" : writeObject(value, writer, depth)
    default: return leftOut("symbol", writer)
  }
}

/** What JSON leaves out. SECURITY: a condition that is left out would select everything. */
const leftOut = (kind, writer) => {
  if (writer.whole) throw new NativeTypeError(`a ${kind} cannot be part of a query`)
  return undefined
}

const writeObject = (value, writer, depth) => {
  if (depth >= deepest) {
    throw new NativeRangeError(`the value is nested deeper than ${deepest} levels or contains itself`)
  }
  if (writer.ancestors !== undefined) {
    for (let at = 0; at < depth; at++) if (writer.ancestors[at] === value) return '"[Circular]"'
    writer.ancestors[depth] = value
  }
  if (isArray(value)) return writeList(value, writer, depth)
  const parent = getPrototypeOf(value)
  if (parent !== ObjectPrototype && parent !== null) {
    const special = writeSpecial(value, writer, depth)
    if (special !== undefined) return special
  }
  if (typeof value.then === "function") return writePending(value, writer, depth)
  if (typeof value.toBSON === "function") {
    const instead = value.toBSON()
    return instead === value ? writeFields(value, writer, depth) : write(instead, writer, depth + 1)
  }
  return writeFields(value, writer, depth)
}

const writeList = (list, writer, depth) => {
  const memory = weakGet(kindMemory, list)
  spend(writer, 2 + list.length)
  let text = ""
  for (let index = 0; index < list.length; index++) {
    const item = readMember(list, index, writer)
    const known = memory === undefined ? undefined : memory[index]
    const part = write(item, writer, depth + 1, known !== undefined && sameValue(known.value, item) ? known.kind : undefined) ?? "null"
    text += index === 0 ? part : `,${part}`
  }
  return `[${text}]`
}

const writeFields = (value, writer, depth) => {
  const memory = weakGet(kindMemory, value)
  const names = objectKeys(value)
  let text = ""
  for (let at = 0; at < names.length; at++) {
    const name = names[at]
    const member = readMember(value, name, writer)
    const known = memory === undefined ? undefined : memory[name]
    const part = write(member, writer, depth + 1, known !== undefined && sameValue(known.value, member) ? known.kind : undefined)
    if (part === undefined) continue
    spend(writer, name.length + 4)
    text += text === "" ? `${quote(name)}:${part}` : `,${quote(name)}:${part}`
  }
  return `{${text}}`
}

const readMember = (container, key, writer) => {
  if (!writer.forgiving) return container[key]
  try {
    return container[key]
  } catch {
    return "[Throws]"
  }
}

/** Objects of classes that have a spelling of their own; undefined for the rest, which are written field by field. */
const writeSpecial = (value, writer, depth) => {
  const name = bsonTypeOf(value)
  const writeBson = name === undefined ? undefined : bsonWriters()[name]
  if (writeBson !== undefined) {
    spend(writer, 40)
    return writeBson(value, writer, depth)
  }
  if (value instanceof NativeDate) return writeDate(value, writer)
  if (value instanceof NativeRegExp) return writePattern(value)
  if (isCursor(value) || value instanceof NativePromise) return writePending(value, writer, depth)
  if (value instanceof NativeMap) {
    const fields = {}
    mapForEach(value, (item, key) => defineProperty(fields, NativeString(key), { value: item, enumerable: true, __proto__: null }))
    return writeFields(fields, writer, depth)
  }
  if (value instanceof NativeSet) {
    const list = []
    setForEach(value, (item) => append(list, item))
    return writeList(list, writer, depth)
  }
  const bytes = isView(value) || value instanceof NativeBuffer ? bytesOf(value) : undefined
  if (bytes !== undefined) return writeBytes(base64Text(bytes), 0, writer)
  if (value instanceof NativeNumber || value instanceof NativeString || value instanceof NativeBoolean) return write(value.valueOf(), writer, depth + 1)
  return undefined
}

const writePattern = (value) => {
  let options = ""
  // A flag that BSON does not know must not make the call fail.
  for (const letter of ["i", "m", "s", "u", "x"]) if (textIndexOf(value.flags, letter) >= 0) options += letter
  return `{"$regularExpression":{"pattern":${quote(value.source)},"options":"${options}"}}`
}

const writePending = (value, writer, depth) => {
  if (writer.settled !== undefined && mapHas(writer.settled, value)) return write(mapGet(writer.settled, value), writer, depth + 1) ?? "null"
  if (writer.whole) throw new NativeTypeError("a promise or cursor cannot be part of a query: await it first")
  if (writer.pending !== undefined) append(writer.pending, value)
  return "{}"
}

/** One encoder for everything that goes to the database: `undefined` in a stored document is null, in a query it stays. */
const documentText = (value) => write(value, newWriter({ undefinedText: "null" }), 0) ?? "null"
const queryText = (value) => write(value, newWriter({}), 0) ?? "null"
/** A filter or a pipeline: nothing in it may get lost. */
const filterText = (value) => write(value, newWriter({ whole: true }), 0) ?? "null"

const EJSON = {
  parse(text, options) {
    const value = decode(parseJson(text))
    return typeof options === "function" ? reviveTree("", value, options) : value
  },
  stringify(value, replacer, space, options) {
    let settings = options
    if (typeof space === "object" && space !== null) [settings, space] = [space, 0]
    if (typeof replacer === "object" && replacer !== null && !isArray(replacer)) [settings, replacer, space] = [replacer, undefined, 0]
    const filtered = typeof replacer === "function" || isArray(replacer) ? filterTree("", value, replacer, {}) : value
    const text = write(filtered, newWriter({ relaxed: settings?.relaxed === true || settings?.legacy === true }), 0)
    return text === undefined || !space ? text : stringifyJson(parseJson(text), undefined, space)
  },
  serialize(value, options) { return parseJson(EJSON.stringify(value, options)) },
  deserialize(value) { return decodeCopy(value) },
}

const filterTree = (key, value, replacer, holder) => {
  const kept = typeof replacer === "function" ? apply(replacer, holder, [key, value]) : value
  if (typeof kept !== "object" || kept === null || bsonTypeOf(kept) !== undefined || kept instanceof NativeDate || kept instanceof NativeRegExp) return kept
  const copy = isArray(kept) ? [] : {}
  for (const name of objectKeys(kept)) {
    if (isArray(replacer) && !isArray(kept) && !replacer.includes(name)) continue
    copy[name] = filterTree(name, kept[name], replacer, kept)
  }
  return copy
}

const reviveTree = (key, value, reviver) => {
  if (typeof value === "object" && value !== null && (isArray(value) || getPrototypeOf(value) === ObjectPrototype)) {
    for (const name of objectKeys(value)) {
      const member = reviveTree(name, value[name], reviver)
      if (member === undefined) delete value[name]
      else value[name] = member
    }
  }
  return apply(reviver, { [key]: value }, [key, value])
}
