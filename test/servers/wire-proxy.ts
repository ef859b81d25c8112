// Stands between the driver and a server and does what services compatible with MongoDB do: other words in errors, no key patterns, no
// labels. It also tells which commands went through.
import { once } from "node:events"
import { connect, createServer, type Server, type Socket } from "node:net"
import { createServer as createSecureServer } from "node:tls"
import { isDocument, readBson, writeBson, type Document, type Value } from "../../kernel/index.ts"

const opReply = 1
const opQuery = 2004
const opMessage = 2013
const headerBytes = 16

export interface WireProxy {
  readonly uri: string
  readonly port: number
  /** Every command that went through, newest last. */
  readonly commands: readonly Document[]
  close(): Promise<void>
}

export interface WireProxyOptions {
  /** What the client gets instead of an answer to a command. */
  readonly answer?: (reply: Document, command: Document) => Document
  /** Speaks TLS with its clients. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** Starts a proxy in front of the server behind a URI. */
export async function startWireProxy(uri: string, { answer = (reply) => reply, tls }: WireProxyOptions = {}): Promise<WireProxy> {
  const { port: behind, hostname } = new URL(uri)
  const sockets = new Set<Socket>()
  const commands: Document[] = []
  const asked = new Map<number, Document>()
  const serve = (client: Socket): void => {
    const server = connect(Number(behind), hostname)
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket))
    }
    client.on("data", messages((message) => {
      const command = bodyOf(message)
      if (command !== undefined) {
        commands.push(command)
        asked.set(message.readInt32LE(4), command)
      }
      server.write(message)
    })).on("close", () => server.destroy())
    server.on("data", messages((message) => {
      const [reply, command] = [bodyOf(message), asked.get(message.readInt32LE(8))]
      asked.delete(message.readInt32LE(8))
      client.write(reply === undefined || command === undefined ? message : withBody(message, answer(reply, command)))
    })).on("close", () => client.destroy())
  }
  const door: Server = tls === undefined ? createServer(serve) : createSecureServer(tls, serve)
  door.listen(0, "127.0.0.1")
  await once(door, "listening")
  const { port } = door.address() as { port: number }
  return {
    uri: `mongodb://127.0.0.1:${port}/`, port, commands,
    async close() {
      const closed = once(door, "close")
      door.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Cuts a stream of bytes into the protocol's messages. */
function messages(take: (message: Buffer) => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0)
      take(rest.subarray(0, length))
      rest = rest.subarray(length)
    }
  }
}

/** Where the command or answer of a message begins; drivers greet a server in the protocol's older form. */
function placeOf(message: Buffer): number | undefined {
  const kind = message.readInt32LE(12)
  // Flags, then the kind of the first section: one document.
  if (kind === opMessage) return message[headerBytes + 4] === 0 ? headerBytes + 5 : undefined
  // Flags, a name that ends with 0, and two numbers.
  if (kind === opQuery) return message.indexOf(0, headerBytes + 4) + 9
  // Flags, a cursor, and two numbers.
  return kind === opReply ? headerBytes + 20 : undefined
}

function bodyOf(message: Buffer): Document | undefined {
  const at = placeOf(message)
  return at === undefined ? undefined : readBson(message.subarray(at, at + message.readInt32LE(at)))
}

/** An answer with another document. */
function withBody(message: Buffer, body: Document): Buffer {
  const header = Buffer.from(message.subarray(0, placeOf(message)))
  const bytes = writeBson(body)
  header.writeInt32LE(header.length + bytes.length, 0)
  return Buffer.concat([header, bytes])
}

/** An answer of a service that words errors itself, and says less of them. */
export function reworded(reply: Document): Document {
  const { errorLabels: _labels, codeName: _name, keyPattern: _pattern, keyValue: _value, ...rest } = reply
  const writeErrors = rest["writeErrors"]
  return {
    ...rest,
    ...(typeof rest["errmsg"] === "string" ? { errmsg: "the service could not do this" } : {}),
    ...(Array.isArray(writeErrors) ? { writeErrors: writeErrors.map(rewordedWriteError) } : {}),
  }
}

function rewordedWriteError(error: Value): Value {
  if (!isDocument(error)) return error
  const { keyPattern: _pattern, keyValue: _value, ...rest } = error
  return { ...rest, errmsg: "a write failed" }
}
