// Cursors: nothing is sent before the first read; no cursor is a thenable. Runs inside the isolate.
const readBegun = () => new NativeError("the cursor cannot be changed after reading began")

/** Whether an object is a cursor: as long as the class was not needed, none is. */
let isCursor = () => false
let cursorBegun
const cursorClass = once(() => class Cursor {
  #begin
  #documents = []
  #at = 0
  #id = null
  #begun = false
  #loading = undefined
  #closed = false
  constructor(begin) { this.#begin = begin }

  static {
    isCursor = (value) => #begin in value
    cursorBegun = (cursor) => cursor.#begun
    hide(this.prototype, toStringTag, "Cursor")
  }

  #take(answer) {
    this.#documents = decode(answer.documents)
    this.#at = 0
    this.#id = answer.cursor
  }

  /** Asks for the first documents, or for more; one request at a time. */
  start() {
    if (this.#loading !== undefined) return this.#loading
    if (this.#closed || (this.#begun && this.#id === null)) return atOnce
    const request = this.#begun ? ask(`"kind":"cursor","cursor":${quote(this.#id)},"name":"next"`, (answer) => this.#take(answer)) : this.#begin((answer) => this.#take(answer))
    this.#begun = true
    const done = () => {
      this.#loading = undefined
    }
    this.#loading = promiseThen(request, done, (error) => {
      done()
      this.#id = null
      throw error
    })
    return this.#loading
  }

  async #fill() {
    while (!this.#closed && this.#at >= this.#documents.length && (!this.#begun || this.#id !== null || this.#loading !== undefined)) await this.start()
    return !this.#closed && this.#at < this.#documents.length
  }
  async next() {
    return (await this.#fill()) ? this.#documents[this.#at++] : undefined
  }
  async tryNext() { return (await this.next()) ?? null }
  async hasNext() { return this.#fill() }
  async toArray() {
    const all = []
    while (await this.#fill()) {
      if (all.length === 0 && this.#at === 0 && this.#id === null) {
        // The usual case: one batch is everything, and its list keeps the memory of kinds.
        this.#at = this.#documents.length
        return this.#documents
      }
      while (this.#at < this.#documents.length) append(all, this.#documents[this.#at++])
    }
    return all
  }
  async forEach(callback) {
    while (await this.#fill()) if (callback(this.#documents[this.#at++]) === false) return
  }
  map(transform) { return new (mappedCursorClass())(this, transform) }
  async close() {
    if (this.#closed) return
    this.#closed = true
    if (this.#id !== null) await ask(`"kind":"cursor","cursor":${quote(this.#id)},"name":"close"`, () => undefined)
    this.#id = null
  }
  isClosed() { return this.#closed }
  async *[asyncIteratorSymbol]() {
    try {
      while (await this.#fill()) yield this.#documents[this.#at++]
    } finally {
      await this.close()
    }
  }
})

const mappedCursorClass = once(() => class MappedCursor extends cursorClass() {
  #source
  #transform
  constructor(source, transform) {
    super()
    this.#source = source
    this.#transform = transform
  }
  start() { return this.#source.start() }
  async next() {
    if (!(await this.#source.hasNext())) return undefined
    const document = await this.#source.next()
    return document === undefined ? undefined : this.#transform(document)
  }
  hasNext() { return this.#source.hasNext() }
  async toArray() {
    const all = []
    while (await this.#source.hasNext()) append(all, this.#transform(await this.#source.next()))
    return all
  }
  async forEach(callback) {
    while (await this.#source.hasNext()) if (callback(await this.next()) === false) return
  }
  close() { return this.#source.close() }
  async *[asyncIteratorSymbol]() {
    try {
      while (await this.#source.hasNext()) yield await this.next()
    } finally {
      await this.close()
    }
  }
})

const findCursorClass = once(() => class FindCursor extends cursorClass() {
  #options
  constructor(options, begin) {
    super(begin)
    this.#options = options
  }
  #change(name, value) {
    if (cursorBegun(this)) throw readBegun()
    this.#options[name] = value
    return this
  }
  sort(keys, direction) { return this.#change("sort", typeof keys === "string" ? { [keys]: direction ?? 1 } : keys) }
  skip(count) { return this.#change("skip", count) }
  limit(count) { return this.#change("limit", count) }
})

const aggregateCursorClass = once(() => class AggregateCursor extends cursorClass() {
  #stages
  constructor(stages, begin) {
    super(begin)
    this.#stages = stages
  }
  skip(count) {
    if (cursorBegun(this)) throw readBegun()
    append(this.#stages, { $skip: count })
    return this
  }
})
