// Everything the prelude needs of the realm, taken before code of the app can change it. Runs inside the isolate.
// INVARIANT: prelude code calls built-in methods only through these names, never through a prototype chain.
const realm = globalThis
const uncurry = (({ bind, call }) => bind.bind(call))(Function.prototype)
const { apply, construct, getPrototypeOf, setPrototypeOf } = Reflect
const { keys: objectKeys, getOwnPropertyNames: ownNames, create: objectCreate, defineProperty, is: sameValue, hasOwn, prototype: ObjectPrototype } = Object
const { isArray } = Array
const { parse: parseJson, stringify: stringifyJson } = JSON
const { isInteger, isSafeInteger, isFinite: isFiniteNumber } = Number
const { fromCharCode } = String
const { isView } = ArrayBuffer
const { floor, min: smaller, max: larger, random } = Math
const evaluate = realm.eval
const [NativeObject, NativePromise, NativeDate, NativeRegExp, NativeError, NativeTypeError, NativeRangeError, NativeMap, NativeSet, NativeWeakMap, NativeBytes, NativeBuffer, NativeNumber, NativeString, NativeBoolean, NativeBigInt, NativeSymbol] =
  [Object, Promise, Date, RegExp, Error, TypeError, RangeError, Map, Set, WeakMap, Uint8Array, ArrayBuffer, Number, String, Boolean, BigInt, Symbol]
const { asIntN, asUintN } = BigInt
const { now: currentTime, parse: parseDate } = Date
const { iterator: iteratorSymbol, asyncIterator: asyncIteratorSymbol, toStringTag, toPrimitive } = Symbol

const promiseThen = uncurry(NativePromise.prototype.then)
const [mapGet, mapSet, mapHas, mapDelete, mapForEach] = ["get", "set", "has", "delete", "forEach"].map((name) => uncurry(NativeMap.prototype[name]))
const [setAdd, setForEach] = ["add", "forEach"].map((name) => uncurry(NativeSet.prototype[name]))
const [weakGet, weakSet, weakHas] = ["get", "set", "has"].map((name) => uncurry(NativeWeakMap.prototype[name]))
const [testPattern, execPattern] = ["test", "exec"].map((name) => uncurry(NativeRegExp.prototype[name]))
const [charCodeAt, sliceText, startsWith, repeatText, padStart, textIndexOf, upperCase, lowerCase, codePointAt] =
  ["charCodeAt", "slice", "startsWith", "repeat", "padStart", "indexOf", "toUpperCase", "toLowerCase", "codePointAt"].map((name) => uncurry(NativeString.prototype[name]))
const [joinList, sliceList, mapList] = ["join", "slice", "map"].map((name) => uncurry(Array.prototype[name]))
const [getTime, toIsoText, getUtcMilliseconds, getUtcYear] = ["getTime", "toISOString", "getUTCMilliseconds", "getUTCFullYear"].map((name) => uncurry(NativeDate.prototype[name]))
const numberText = uncurry(NativeNumber.prototype.toString)
const bigText = uncurry(NativeBigInt.prototype.toString)
const bytesSubarray = uncurry(NativeBytes.prototype.subarray)
const bytesSet = uncurry(NativeBytes.prototype.set)

const nothing = () => undefined

/** A list without a prototype's iterator: `append(list, item)`. */
const append = (list, item) => {
  list[list.length] = item
}

// One descriptor for all: objects without prototype are slow to make. INVARIANT: nothing runs between setting its value and using it.
const hidden = { __proto__: null, value: undefined, writable: true, enumerable: false, configurable: true }

/** A property that guest code may see and overwrite but that no loop shows. */
const hide = (target, name, value) => {
  hidden.value = value
  defineProperty(target, name, hidden)
  hidden.value = undefined
}

// SECURITY: memory outside the limit, blocking waits, shared memory and watching the collector are taken away before guest code runs.
for (const name of ["WebAssembly", "SharedArrayBuffer", "Atomics", "WeakRef", "FinalizationRegistry"]) delete realm[name]

/**
 * What is made when somebody first asks. A context pays for every class, table and method it makes, also with the work of the
 * collector, and most calls need few of them.
 */
const once = (make) => {
  let made
  return () => (made ??= make())
}

/** A class whose constructor works with and without `new`, sharing prototype and static members. */
const callable = (Class) => {
  const Callable = function (...args) {
    return construct(Class, args, new.target === undefined ? Class : new.target)
  }
  Callable.prototype = Class.prototype
  setPrototypeOf(Callable, Class)
  hide(Callable, "name", Class.name)
  return Callable
}
