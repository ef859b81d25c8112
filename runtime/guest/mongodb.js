// The MongoDB client of functions: plain objects that turn calls into operations of the host. Runs inside the isolate.
//
// A handle carries the identity token of the function that obtained it and keeps it: passing a handle on is a deliberate act.
/** Options without the session, which travels as its id; an object of its own, so later changes by the caller do not matter. */
const splitOptions = (options) => {
  if (typeof options !== "object" || options === null) return { session: undefined, rest: {} }
  const { session, ...rest } = options
  return { session: session === undefined || session === null ? undefined : sessionId(session), rest }
}

/** Operations of a bulk: their filters are queries, the rest is stored. */
const bulkText = (operations) => (isArray(operations) ? `[${joinList(mapList(operations, operationText), ",")}]` : documentText(operations))
const operationText = (operation) => membersText(operation, (body, name) => (name === "insertOne" ? documentText(body) : membersText(body, (value, key) => (key === "filter" || key === "arrayFilters" ? filterText(value) : documentText(value)))))
const membersText = (value, memberText) => {
  if (typeof value !== "object" || value === null || isArray(value)) return documentText(value)
  return `{${joinList(mapList(objectKeys(value), (name) => `${quote(name)}:${memberText(value[name], name)}`), ",")}}`
}

const collectionClass = once(() => class Collection {
  #client
  #database
  #name
  constructor(client, database, name) {
    this.#client = client
    this.#database = database
    this.#name = name
  }
  get collectionName() { return this.#name }
  get namespace() { return `${this.#database}.${this.#name}` }

  #fields(name, args, session) {
    return `"kind":"data",${clientFields(this.#client)},"database":${quote(this.#database)},"collection":${quote(this.#name)},"name":"${name}","args":{${args}}${session === undefined ? "" : `,"session":${quote(session)}`}`
  }
  /** `makeArgs` gives the JSON text of the arguments; options are always the last. */
  #ask(name, options, makeArgs, convert) {
    return askWith(() => {
      const { session, rest } = splitOptions(options)
      const args = makeArgs()
      return this.#fields(name, `${args}${args === "" ? "" : ","}"options":${queryText(rest)}`, session)
    }, convert)
  }

  find(query, projection, options) {
    const settings = { ...options }
    return new (findCursorClass())(settings, (convert) => this.#ask("find", settings, () => `"filter":${filterText(query ?? {})},"projection":${queryText(projection ?? null)}`, convert))
  }
  findOne(query, projection, options) {
    return this.#ask("findOne", options, () => `"filter":${filterText(query ?? {})},"projection":${queryText(projection ?? null)}`)
  }
  aggregate(pipeline, options) {
    const stages = isArray(pipeline) ? sliceList(pipeline) : pipeline === undefined ? [] : [pipeline]
    const cursor = new (aggregateCursorClass())(stages, (convert) => this.#ask("aggregate", options, () => `"pipeline":${filterText(stages)}`, convert))
    const last = stages[stages.length - 1]
    // SOURCE: code runs an aggregation that writes and never reads it, so that one starts at once.
    if (typeof last === "object" && last !== null && (hasOwn(last, "$merge") || hasOwn(last, "$out"))) cursor.start()
    return cursor
  }
  count(query, options) { return this.#ask("count", options, () => `"filter":${filterText(query ?? {})}`) }
  countDocuments(query, options) { return this.count(query, options) }
  estimatedDocumentCount(options) { return this.count({}, options) }
  distinct(field, query, options) { return this.#ask("distinct", options, () => `"field":${queryText(field)},"filter":${filterText(query ?? {})}`) }
  insertOne(document, options) { return this.#ask("insertOne", options, () => `"document":${documentText(document)}`) }
  insertMany(documents, options) { return this.#ask("insertMany", options, () => `"documents":${documentText(documents)}`) }
  #change(name, query, update, options) { return this.#ask(name, options, () => `"filter":${filterText(query ?? null)},"update":${documentText(update)}`) }
  updateOne(query, update, options) { return this.#change("updateOne", query, update, options) }
  updateMany(query, update, options) { return this.#change("updateMany", query, update, options) }
  replaceOne(query, replacement, options) { return this.#change("replaceOne", query, replacement, options) }
  findOneAndUpdate(query, update, options) { return this.#change("findOneAndUpdate", query, update, options) }
  findOneAndReplace(query, replacement, options) { return this.#change("findOneAndReplace", query, replacement, options) }
  findOneAndDelete(query, options) { return this.#ask("findOneAndDelete", options, () => `"filter":${filterText(query ?? null)}`) }
  deleteOne(query, options) { return this.#ask("deleteOne", options, () => `"filter":${filterText(query ?? null)}`) }
  deleteMany(query, options) { return this.#ask("deleteMany", options, () => `"filter":${filterText(query ?? null)}`) }
  bulkWrite(operations, options) {
    if (isArray(operations) && operations.length === 0) return new NativePromise((_, reject) => reject(new NativeError("Failed to execute bulk writes: no operations specified")))
    return this.#ask("bulkWrite", options, () => `"operations":${bulkText(operations)}`)
  }
  initializeOrderedBulkOp() { return new (bulkBuilderClass())(this, true) }
  initializeUnorderedBulkOp() { return new (bulkBuilderClass())(this, false) }
})

const bulkBuilderClass = once(() => class BulkBuilder {
  #collection
  #ordered
  #operations = []
  #executed = false
  constructor(collection, ordered) {
    this.#collection = collection
    this.#ordered = ordered
  }
  get length() { return this.#operations.length }
  insert(document) {
    append(this.#operations, { insertOne: { document } })
    return this
  }
  raw(operation) {
    append(this.#operations, operation)
    return this
  }
  find(filter) { return new (bulkFindClass())(filter, (operation) => this.raw(operation)) }
  execute(options) {
    if (this.#executed) return new NativePromise((_, reject) => reject(new NativeError("Batch cannot be re-executed")))
    this.#executed = true
    return this.#collection.bulkWrite(this.#operations, { ...options, ordered: this.#ordered })
  }
})

const bulkFindClass = once(() => class BulkFind {
  #filter
  #add
  #options = {}
  constructor(filter, add) {
    this.#filter = filter ?? null
    this.#add = add
  }
  upsert() {
    this.#options.upsert = true
    return this
  }
  arrayFilters(filters) {
    this.#options.arrayFilters = filters
    return this
  }
  update(update) { return this.#add({ updateMany: { filter: this.#filter, update, ...this.#options } }) }
  updateOne(update) { return this.#add({ updateOne: { filter: this.#filter, update, ...this.#options } }) }
  replaceOne(replacement) { return this.#add({ replaceOne: { filter: this.#filter, replacement, ...this.#options } }) }
  delete() { return this.#add({ deleteMany: { filter: this.#filter } }) }
  remove() { return this.delete() }
  deleteOne() { return this.#add({ deleteOne: { filter: this.#filter } }) }
  removeOne() { return this.deleteOne() }
})

/** A value or variable that is not there must not become a collection named `undefined`. */
const nameOf = (what, name) => {
  if (typeof name === "string" || name instanceof NativeString) return NativeString(name)
  throw new NativeTypeError(`the name of a ${what} must be a string`)
}

const databaseClass = once(() => class Database {
  #client
  #name
  constructor(client, name) {
    this.#client = client
    this.#name = name
  }
  get databaseName() { return this.#name }
  collection(name) { return new (collectionClass())(this.#client, this.#name, nameOf("collection", name)) }
  getCollectionNames() { return namesFor(this.#client, this.#name) }
  aggregate(pipeline, options) { return new (collectionClass())(this.#client, this.#name, "").aggregate(pipeline, options) }
})

const adminClass = once(() => class Admin {
  #client
  constructor(client) { this.#client = client }
  getDBNames() { return namesFor(this.#client, undefined) }
})

let lastSession = 0
const sessionEnded = () => new NativeError("Cannot use a session that has ended")
const transientTries = 3

let readSessionId = () => undefined
const sessionClass = once(() => class Session {
  #client
  #id = `s${++lastSession}`
  #open = false
  #ended = false
  constructor(client) { this.#client = client }
  /** Null for a session that has ended: what names it meant to be part of a transaction. */
  static { readSessionId = (session) => (#id in session ? (session.#ended ? null : session.#id) : undefined) }
  #ask(name) { return ask(`"kind":"session",${clientFields(this.#client)},"session":"${this.#id}","name":"${name}"`, nothing) }
  startTransaction() {
    if (this.#ended) throw sessionEnded()
    if (this.#open) throw new NativeError("Transaction already in progress")
    this.#open = true
    // A failure to start shows in the operations that join, and in the commit.
    promiseThen(this.#ask("start"), nothing, nothing)
  }
  inTransaction() { return this.#open }
  async commitTransaction() {
    if (!this.#open) throw new NativeError("No transaction started")
    this.#open = false
    await this.#ask("commit")
  }
  async abortTransaction() {
    if (!this.#open) throw new NativeError("No transaction started")
    this.#open = false
    await this.#ask("abort")
  }
  async endSession() {
    if (this.#ended) return
    this.#ended = true
    if (this.#open) {
      this.#open = false
      await this.#ask("abort")
    }
  }
  async withTransaction(work) {
    for (let tried = 1; ; tried++) {
      this.startTransaction()
      try {
        const result = await work(this)
        if (this.#open) await this.commitTransaction()
        return result
      } catch (error) {
        if (this.#open) await this.abortTransaction()
        if (!(error instanceof NativeError) || error.transient !== true || tried >= transientTries) throw error
      }
    }
  }
})
const sessionId = (session) => {
  const id = typeof session === "object" ? readSessionId(session) : undefined
  if (id === undefined) throw new NativeTypeError("the option `session` is not a session")
  if (id === null) throw sessionEnded()
  return id
}

let clientFields
let namesFor
const clientClass = once(() => class Client {
  #identity
  #service
  constructor(identity, service) {
    this.#identity = identity
    this.#service = service
  }
  static {
    clientFields = (client) => `"identity":${quote(client.#identity.token)},"service":${quote(client.#service)}`
    namesFor = (client, database) => {
      if (!client.#identity.system) throw new NativeError("lists of names are available to system functions only")
      const databases = call.start.names?.[client.#service]
      if (databases === undefined) throw new NativeError("lists of names are not available here")
      return database === undefined ? objectKeys(databases) : hasOwn(databases, database) ? sliceList(databases[database]) : []
    }
  }
  db(name) { return new (databaseClass())(this, nameOf("database", name)) }
  admin() { return new (adminClass())(this) }
  startSession() { return new (sessionClass())(this) }
})
