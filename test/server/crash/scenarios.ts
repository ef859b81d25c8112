// What is done by the process that is killed, what was there before, and what must hold afterwards for whoever comes next.
import assert from "node:assert/strict"
import type { Document } from "../../../kernel/index.ts"
import { refusal } from "../users/app.ts"
import type { CrashWorld } from "./world.ts"

/** JSON: it is told to the process. */
export type Given = Readonly<Record<string, string>>

export interface Scenario {
  /** The state before, made in peace; what it gives is handed to the others. */
  prepare(world: CrashWorld): Promise<Given>
  act(world: CrashWorld, given: Given): Promise<unknown>
  /** Throws when something does not hold. `crashed`: the operation was cut off before its write of that number. */
  check(world: CrashWorld, given: Given, crashed: number | undefined): Promise<void>
  /** What a process that was there all the time must not see. Called before anything is repaired. */
  witness?(world: CrashWorld, given: Given): Promise<void>
  readonly aheadMs?: number
}

const email = "ana@example.com"
const [password, newPassword] = ["secret1", "secret2"]
const credentials: Document = { username: email, password }
const address = "203.0.113.7"

async function register({ users, letters }: CrashWorld): Promise<{ token: string; tokenId: string }> {
  await users.userpass.register({ email, password }, address)
  const { token, tokenId } = letters.at(-1) as { token: string; tokenId: string }
  return { token, tokenId }
}

async function registerConfirmed(world: CrashWorld): Promise<void> {
  await world.users.userpass.confirm(await register(world))
}

/** One session, and what a client has of it. */
async function enter(world: CrashWorld): Promise<{ user: string; access: string; refresh: string }> {
  const { user_id: user, access_token: access, refresh_token: refresh = "" } = await world.logIn("local-userpass", credentials)
  return { user, access, refresh }
}

async function account(world: CrashWorld): Promise<{ user: string; access: string; refresh: string }> {
  await registerConfirmed(world)
  return enter(world)
}

/** An anonymous user, and an address that can be linked to it. */
async function guest(world: CrashWorld): Promise<Given> {
  await registerConfirmed(world)
  const { user_id: user, access_token: access, refresh_token: refresh = "" } = await world.logIn("anon-user")
  return { user, access, refresh }
}

const linkAddress = ({ signIn }: CrashWorld, { access }: Given): ReturnType<CrashWorld["logIn"]> => signIn.logIn("local-userpass", credentials, { address, link: { accessToken: access } })

async function among<Outcome>(outcome: Promise<Outcome>, allowed: readonly Outcome[]): Promise<Outcome> {
  const seen = await outcome
  assert.ok(allowed.includes(seen), `${String(seen)} is none of ${allowed.join(", ")}`)
  return seen
}

/** Whether a session is alive, in both senses or in none. */
async function isAlive({ signIn, tokens }: CrashWorld, { access = "", refresh = "" }: Given): Promise<boolean> {
  const refreshed = await refusal(signIn.refresh(refresh))
  const accepted = await refusal(tokens.verifyAccess(access))
  // An access token may outlive its session, never the other way round.
  if (refreshed === "accepted") assert.equal(accepted, "accepted")
  return refreshed === "accepted"
}

/** Delivered once; where a process died, at least once: it may have been between the queue and its note that the event is there. */
async function wasDelivered(world: CrashWorld, crashed: number | undefined, ...what: Parameters<CrashWorld["deliveries"]>): Promise<void> {
  const times = await world.deliveries(...what)
  assert.ok(times === 1 || (times === 2 && crashed !== undefined), `${what[0]} was delivered ${times} times`)
}

/** One account and no more, which the address leads to, with its creation function run and its CREATE event delivered. */
async function holdsOneAccount(world: CrashWorld, crashed: number | undefined, mostEffects = 1): Promise<void> {
  const { user } = await enter(world)
  const all = await world.users.administration.list()
  assert.deepEqual(all.map(({ _id }) => _id), [user])
  assert.equal((await world.users.administration.pending()).length, 0)
  const effects = await world.effectsOf(user)
  assert.ok(effects >= 1 && effects <= mostEffects, `the creation function ran ${effects} times`)
  await wasDelivered(world, crashed, "CREATE", user)
  assert.ok((await world.deliveries("LOGIN", user)) >= 1)
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  register: {
    prepare: async () => ({}),
    act: register,
    async check(world, _given, crashed) {
      await among(refusal(register(world)), ["accepted", "409 AccountNameInUse"])
      if (world.letters.length === 0) await world.users.userpass.sendConfirmation({ email }, address)
      const { token, tokenId } = world.letters.at(-1) as { token: string; tokenId: string }
      await world.users.userpass.confirm({ token, tokenId })
      await holdsOneAccount(world, crashed)
    },
  },
  confirm: {
    prepare: register,
    act: ({ users }, given) => users.userpass.confirm(given),
    async check(world, given, crashed) {
      await among(refusal(world.users.userpass.confirm(given)), [crashed === 1 ? "accepted" : "400 UserpassTokenInvalid"])
      await holdsOneAccount(world, crashed)
    },
  },
  "first login": {
    prepare: async (world) => registerConfirmed(world).then(() => ({})),
    act: enter,
    // The second write notes that the function has run: only one who dies between the two runs it again, for the same user id.
    check: (world, _given, crashed) => holdsOneAccount(world, crashed, crashed === 2 ? 2 : 1),
  },
  "later login": {
    prepare: account,
    act: enter,
    async check(world, given, crashed) {
      assert.equal((await enter(world)).user, given["user"])
      assert.ok(await isAlive(world, given))
      await holdsOneAccount(world, crashed)
    },
  },
  refresh: {
    prepare: account,
    act: ({ signIn }, { refresh }) => signIn.refresh(refresh),
    // So that the refresh is noted.
    aheadMs: 7_200_000,
    async check(world, given, crashed) {
      assert.ok(await isAlive(world, given))
      await holdsOneAccount(world, crashed)
    },
  },
  link: {
    prepare: guest,
    act: linkAddress,
    async check(world, given, crashed) {
      assert.equal((await linkAddress(world, given)).user_id, given["user"])
      await isLinked(world, given, crashed)
    },
  },
  "link, then a login by the new identity": {
    prepare: guest,
    act: linkAddress,
    async check(world, given, crashed) {
      const { user } = await enter(world)
      if (user === given["user"]) return isLinked(world, given, crashed)
      // Nothing of the link had been written, so the identity begins an account of its own.
      assert.equal(crashed, 1)
      const users = await world.users.administration.list()
      assert.deepEqual(users.map(({ identities }) => (identities as Document[]).length), [1, 1])
      assert.equal(await refusal(linkAddress(world, given)), "400 InvalidParameter")
    },
  },
  delete: {
    async prepare(world) {
      const given = await account(world)
      const { key } = await world.users.createApiKey(given.user, { name: "key" })
      return { ...given, key: String(key) }
    },
    act: ({ signIn }, { access }) => signIn.deleteUser(access),
    async witness(world, given) {
      await isAlive(world, given)
    },
    async check(world, given, crashed) {
      const { user = "", key = "" } = given
      if (await isAlive(world, given)) {
        assert.equal(crashed, 1, "a deletion that was begun is finished by the next start")
        assert.equal(await refusal(world.logIn("api-key", { key })), "accepted")
        await world.signIn.deleteUser(given["access"])
      }
      await isGone(world, given, crashed)
      assert.equal(await refusal(world.users.delete(user)), "404 UserNotFound")
    },
  },
  "delete, then register again": {
    prepare: (world) => (scenarios["delete"] as Scenario).prepare(world),
    act: (world, given) => (scenarios["delete"] as Scenario).act(world, given),
    async check(world, given, crashed) {
      const again = await refusal(register(world))
      if (crashed === 1) return assert.equal(again, "409 AccountNameInUse")
      assert.equal(again, "accepted")
      await isGone(world, given, crashed)
    },
  },
  logout: {
    prepare: account,
    act: ({ signIn }, { refresh }) => signIn.logOut(refresh),
    async check(world, given, crashed) {
      assert.equal(await isAlive(world, given), crashed === 1)
      await among(refusal(world.signIn.logOut(given["refresh"])), [crashed === 1 ? "accepted" : "401 InvalidSession"])
      assert.equal(await isAlive(world, given), false)
    },
  },
  "create an API key": {
    prepare: account,
    act: ({ users }, { user = "" }) => users.createApiKey(user, { name: "key" }),
    async check({ users }, { user = "" }, crashed) {
      await among(refusal(users.createApiKey(user, { name: "key" })), [crashed === 1 ? "accepted" : "409 APIKeyAlreadyExists"])
      assert.equal((await users.listApiKeys(user)).length, 1)
    },
  },
  "reset a password": {
    async prepare(world) {
      const given = await account(world)
      await world.users.userpass.sendReset({ email }, address)
      const { token, tokenId } = world.letters.at(-1) as { token: string; tokenId: string }
      return { ...given, token, tokenId }
    },
    act: ({ users }, { token = "", tokenId = "" }) => users.userpass.reset({ token, tokenId, password: newPassword }),
    async check(world, given) {
      const changed = (await refusal(world.logIn("local-userpass", { username: email, password: newPassword }))) === "accepted"
      assert.equal(await refusal(world.logIn("local-userpass", credentials)), changed ? "401 InvalidPassword" : "accepted")
      if (changed) assert.equal(await isAlive(world, given), false)
      else await scenarios["reset a password"]?.act(world, given)
      assert.equal(await refusal(world.logIn("local-userpass", { username: email, password: newPassword })), "accepted")
      assert.equal(await isAlive(world, given), false)
    },
  },
  disable: {
    prepare: account,
    act: ({ users }, { user = "" }) => users.administration.disable(user),
    async witness(world, given) {
      await isAlive(world, given)
    },
    async check(world, given) {
      const { user = "" } = given
      const { disabled } = await world.users.administration.get(user)
      if (disabled === true) assert.equal(await isAlive(world, given), false)
      else await world.users.administration.disable(user)
      assert.equal(await refusal(enter(world)), "401 UserDisabled")
      assert.equal(await isAlive(world, given), false)
    },
  },
}

/** The account has both identities, is no longer anonymous, and tells of the second one's creation. */
async function isLinked(world: CrashWorld, given: Given, crashed: number | undefined): Promise<void> {
  const { user = "" } = given
  assert.equal((await enter(world)).user, user)
  const types = (await world.users.administration.list()).map(({ identities }) => (identities as Document[]).map(({ provider_type: type }) => type))
  assert.deepEqual(types, [["anon-user", "local-userpass"]])
  assert.equal((await world.collections.users.findOne({ _id: user }))?.["anonymous"], false)
  assert.equal((await world.users.administration.pending()).length, 0)
  await wasDelivered(world, crashed, "CREATE", user, "local-userpass")
  assert.ok(await isAlive(world, given))
}

/** Nothing leads to the user, nothing of it is left, and the credentials begin a new one. */
async function isGone(world: CrashWorld, given: Given, crashed: number | undefined): Promise<void> {
  const { user = "", access, refresh, key = "" } = given
  assert.equal(await refusal(world.signIn.refresh(refresh)), "401 InvalidSession")
  assert.equal(await refusal(world.tokens.verifyAccess(access)), "401 InvalidSession")
  assert.equal(await refusal(world.logIn("api-key", { key })), "401 AuthError")
  for (const name of ["identities", "sessions"] as const) assert.equal((await world.collections[name].find({ user_id: user, ended: { $ne: true } })).length, 0, name)
  assert.equal(await world.collections.deletions.findOne({}), null)
  await wasDelivered(world, crashed, "DELETE", user)
  if ((await world.collections.registrations.findOne({ _id: email })) === null) await register(world)
  const { token, tokenId } = world.letters.at(-1) as { token: string; tokenId: string }
  await world.users.userpass.confirm({ token, tokenId })
  const again = await enter(world)
  assert.notEqual(again.user, user)
  assert.deepEqual((await world.users.administration.list()).map(({ _id }) => _id), [again.user])
}
