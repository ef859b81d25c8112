// Host work: operations leave in one message for each turn of microtasks, answers come back in one. Runs inside the isolate.
let lastId = 0
/** Operations of the host that are not answered; timers are counted apart, they do not delay the end. */
let outstanding = 0
const waiting = new NativeMap()
let batch = ""
let flushing = false
let limits = { outstanding: 1000, executions: 10000, executeDepth: 100, resultBytes: 16777216 }
const atOnce = new NativePromise((resolve) => resolve())

const hostError = (code, message, transient) => {
  const error = new NativeError(message)
  error.code = code
  error.error_code = code
  if (transient) hide(error, "transient", true)
  weakSet(hostErrors, error, true)
  return error
}

const post = (fields) => {
  const id = ++lastId
  batch += `${batch === "" ? "" : ","}{"id":${id},${fields}}`
  if (!flushing) {
    flushing = true
    // Two steps, so that operations begun by continuations of this turn travel together.
    promiseThen(promiseThen(atOnce, () => undefined), flush)
  }
  return id
}

const flush = () => {
  flushing = false
  const ops = batch
  batch = ""
  if (ops === "") return
  // A call may be stopped while it waits: what it has printed goes along.
  if (unsent > 0 && !ended) tellLines()
  send(`{"kind":"ops","ops":[${ops}]}`)
}

/** Asks the host for an operation; the promise has what `convert` makes of the answer. `fields` is JSON text without braces. */
const ask = (fields, convert) =>
  new NativePromise((resolve, reject) => {
    if (outstanding >= limits.outstanding) {
      reject(new NativeError(`too many operations at once: more than ${limits.outstanding} are outstanding`))
      return
    }
    outstanding++
    mapSet(waiting, post(fields), { resolve, reject, convert, timer: undefined })
  })

/** As `ask`, for arguments that may not be encodable: what `makeFields` throws rejects. */
const askWith = (makeFields, convert) => {
  let fields
  try {
    fields = makeFields()
  } catch (error) {
    return new NativePromise((_, reject) => reject(error))
  }
  return ask(fields, convert)
}

const receiveAnswers = (answers) => {
  for (let at = 0; at < answers.length; at++) {
    const answer = answers[at]
    const entry = mapGet(waiting, answer.id)
    if (entry === undefined) continue
    mapDelete(waiting, answer.id)
    if (entry.timer !== undefined) {
      entry.timer()
      continue
    }
    outstanding--
    if (!answer.ok) entry.reject(hostError(answer.code, answer.message, answer.transient === true))
    else {
      try {
        entry.resolve(entry.convert === undefined ? decode(answer.value) : entry.convert(answer.value))
      } catch (error) {
        entry.reject(error)
      }
    }
  }
}

/** A question that is answered at once, inside the executor: crypto, random bytes, addresses, texts of modules. */
const askNow = (request) => {
  const answer = parseJson(sync(request))
  if (answer.ok) return answer.value
  const Kind = answer.name === "TypeError" ? NativeTypeError : answer.name === "RangeError" ? NativeRangeError : NativeError
  throw new Kind(answer.message)
}
const callHost = (kind, name, args) => askNow(`{"kind":"${kind}","name":${quote(name)},"args":${queryText(args)}}`)
const randomBytes = (count) => base64Bytes(askNow(`{"kind":"random","bytes":${count}}`))

const timers = new NativeMap()
const mostTimers = 10000

const timerClass = once(() => class Timer {
  #id
  constructor(id) { this.#id = id }
  ref() { return this }
  unref() { return this }
  hasRef() { return true }
  [toPrimitive]() { return this.#id }
  close() { stopTimer(this) }
})

const startTimer = (callback, milliseconds, args, again) => {
  if (typeof callback !== "function") throw new NativeTypeError('The "callback" argument must be of type function')
  if (timers.size >= mostTimers) throw new NativeRangeError("too many timers")
  const delay = milliseconds > 0 && milliseconds < 2147483648 ? floor(+milliseconds) : again ? 1 : 0
  let key
  const arm = () => {
    const id = post(`"kind":"timer","milliseconds":${delay}`)
    mapSet(waiting, id, { timer: due })
    if (key === undefined) key = id
    mapSet(timers, key, id)
  }
  const due = () => {
    if (again) arm()
    else mapDelete(timers, key)
    try {
      apply(callback, realm, args)
    } catch (error) {
      fail(error)
    }
  }
  arm()
  return new (timerClass())(key)
}

const stopTimer = (timer) => {
  const key = typeof timer === "object" && timer !== null ? +timer : NativeNumber(timer)
  const id = mapGet(timers, key)
  if (id === undefined) return
  mapDelete(timers, key)
  mapDelete(waiting, id)
  post(`"kind":"timer-cancel","timer":${id}`)
}
