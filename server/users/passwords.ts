// Password hashes in PHC form. New ones are argon2id; bcrypt, scrypt and other argon2 hashes of imported users are verified.
import * as crypto from "node:crypto"
import { promisify } from "node:util"
import { compare as compareBcrypt } from "bcryptjs"
import { createGate } from "./limits.ts"
import { createRememberedPasswords } from "./remembered-passwords.ts"

/** Hashes and verifies passwords, a few at a time. */
export interface Passwords {
  hash(password: string): Promise<string>
  /** Whether the password is right, and whether its hash is worth making anew. Takes the same work for `undefined`, the hash of nobody; next to none for what was right less than a minute ago. */
  verify(password: string, hash: string | undefined): Promise<{ readonly right: boolean; readonly outdated: boolean }>
}

/** Cost of new hashes. SOURCE: the OWASP password storage cheat sheet's argon2id setting of 19 MiB and two passes. */
export interface PasswordCost {
  readonly memoryKiB: number
  readonly passes: number
}

const defaultCost: PasswordCost = { memoryKiB: 19_456, passes: 2 }
// `promisify` cannot choose between overloads, so the shapes used here are named.
const scrypt = promisify(crypto.scrypt) as (password: string, salt: Buffer, length: number, options: crypto.ScryptOptions) => Promise<Buffer>
type Argon2Name = "argon2d" | "argon2i" | "argon2id"

/** Makes the hasher. Two hashes at once leave half of Node's threads to the signing of tokens. On a Node without `crypto.argon2` (before 24.7) new hashes are scrypt. */
export function createPasswords({ cost = defaultCost, atOnce = 2, waiting = 200 }: { readonly cost?: PasswordCost; readonly atOnce?: number; readonly waiting?: number } = {}): Passwords {
  const gate = createGate(atOnce, waiting)
  const hash = async (password: string): Promise<string> => (hasArgon2 ? hashArgon2(password, cost) : hashScrypt(password))
  const remembered = createRememberedPasswords()
  let ofNobody: Promise<string> | undefined

  return {
    hash: (password) => gate(() => hash(password)),
    async verify(password, stored) {
      if (stored !== undefined && remembered.has(password, stored)) return { right: true, outdated: !isCurrent(stored, cost) }
      ofNobody ??= hash(crypto.randomBytes(16).toString("hex"))
      // SECURITY: an imported account without a password costs a hash like any other, and no password opens it.
      const against = stored !== undefined && parse(stored) !== undefined ? stored : await ofNobody
      const right = (await gate(() => verifyHash(password, against))) && against === stored
      if (right) remembered.add(password, against)
      return { right, outdated: !isCurrent(against, cost) }
    },
  }
}

/** Whether a text is a hash that {@link Passwords.verify} understands, with a cost this server is willing to pay. */
export function isKnownHash(hash: string): boolean {
  return parse(hash) !== undefined
}

const hasArgon2 = typeof crypto.argon2 === "function"

type Parsed =
  | { readonly kind: "argon2"; readonly name: Argon2Name; readonly memory: number; readonly passes: number; readonly lanes: number; readonly salt: Buffer; readonly tag: Buffer }
  | { readonly kind: "scrypt"; readonly logN: number; readonly r: number; readonly p: number; readonly salt: Buffer; readonly tag: Buffer }
  | { readonly kind: "bcrypt" }

// SECURITY: an imported hash chooses its own cost; these bounds keep one login from taking the machine.
function parse(hash: string): Parsed | undefined {
  const argon2 = /^\$(argon2(?:id|i|d))\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(hash)
  if (argon2 !== null) {
    const [, name, m, t, p, salt, tag] = argon2 as unknown as readonly string[]
    const parsed = { kind: "argon2", name: name as Argon2Name, memory: Number(m), passes: Number(t), lanes: Number(p), salt: bytes(salt), tag: bytes(tag) } as const
    const fits = parsed.memory <= 262_144 && parsed.memory >= 8 * parsed.lanes && parsed.passes >= 1 && parsed.passes <= 16 && parsed.lanes >= 1 && parsed.salt.length >= 8 && parsed.tag.length >= 16
    return fits ? parsed : undefined
  }
  const scrypted = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)={0,2}\$([A-Za-z0-9+/]+)={0,2}$/.exec(hash)
  if (scrypted !== null) {
    const [, ln, r, p, salt, tag] = scrypted as unknown as readonly string[]
    const parsed = { kind: "scrypt", logN: Number(ln), r: Number(r), p: Number(p), salt: bytes(salt), tag: bytes(tag) } as const
    const fits = parsed.logN >= 1 && parsed.r >= 1 && parsed.p >= 1 && parsed.p <= 16 && 128 * parsed.r * 2 ** parsed.logN <= 2 ** 28 && parsed.tag.length >= 16
    return fits ? parsed : undefined
  }
  const bcrypted = /^\$2[abxy]?\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)
  return bcrypted !== null && Number(bcrypted[1]) >= 4 && Number(bcrypted[1]) <= 14 ? { kind: "bcrypt" } : undefined
}

function bytes(text: string | undefined): Buffer {
  return Buffer.from(text ?? "", "base64")
}

function base64(value: Buffer): string {
  return value.toString("base64").replaceAll("=", "")
}

async function verifyHash(password: string, hash: string): Promise<boolean> {
  const parsed = parse(hash)
  switch (parsed?.kind) {
    case undefined: return false
    case "bcrypt": return compareBcrypt(password, hash)
    case "argon2": return crypto.timingSafeEqual(await deriveArgon2(password, parsed), parsed.tag)
    case "scrypt": {
      const { logN, r, p, salt, tag } = parsed
      return crypto.timingSafeEqual(await scrypt(password, salt, tag.length, { N: 2 ** logN, r, p, maxmem: 2 ** 29 }), tag)
    }
  }
}

function isCurrent(hash: string, cost: PasswordCost): boolean {
  const parsed = parse(hash)
  if (parsed?.kind === "scrypt") return !hasArgon2 && parsed.logN >= scryptLogN
  return parsed?.kind === "argon2" && parsed.name === "argon2id" && parsed.memory >= cost.memoryKiB && parsed.passes >= cost.passes
}

function deriveArgon2(password: string, { name, memory, passes, lanes, salt, tag }: Parsed & { kind: "argon2" }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parameters = { message: password, nonce: salt, parallelism: lanes, tagLength: tag.length, memory, passes }
    crypto.argon2(name, parameters, (error, derived) => (error === null ? resolve(derived) : reject(error)))
  })
}

async function hashArgon2(password: string, { memoryKiB, passes }: PasswordCost): Promise<string> {
  const salt = crypto.randomBytes(16)
  const tag = await deriveArgon2(password, { kind: "argon2", name: "argon2id", memory: memoryKiB, passes, lanes: 1, salt, tag: Buffer.alloc(32) })
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=1$${base64(salt)}$${base64(tag)}`
}

const scryptLogN = 16

async function hashScrypt(password: string): Promise<string> {
  const salt = crypto.randomBytes(16)
  const tag = await scrypt(password, salt, 32, { N: 2 ** scryptLogN, r: 8, p: 2, maxmem: 2 ** 29 })
  return `$scrypt$ln=${scryptLogN},r=8,p=2$${base64(salt)}$${base64(tag)}`
}
