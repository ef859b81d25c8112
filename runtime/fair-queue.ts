/**
 * A queue in which users take turns: who has queued a thousand items delays others by one.
 * It is bounded, in all and for each user.
 */
export class FairQueue<Item> {
  readonly #limits: { readonly all: number; readonly user: number }
  readonly #users = new Map<string, Item[]>()
  #size = 0

  constructor(limits: { readonly all: number; readonly user: number }) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /** Whether there was room. */
  push(user: string, item: Item): boolean {
    const items = this.#users.get(user)
    if (this.#size >= this.#limits.all || (items?.length ?? 0) >= this.#limits.user) return false
    if (items === undefined) this.#users.set(user, [item])
    else items.push(item)
    this.#size++
    return true
  }

  /** Takes the next item of the user whose turn it is, among those who may go on. */
  shift(mayGo: (user: string) => boolean): Item | undefined {
    for (const [user, items] of this.#users) {
      if (!mayGo(user)) continue
      const item = items.shift()
      this.#users.delete(user)
      if (items.length > 0) this.#users.set(user, items)
      this.#size--
      return item
    }
    return undefined
  }

  /** Takes the items that `wanted` picks. */
  take(wanted: (item: Item) => boolean): Item[] {
    const taken: Item[] = []
    for (const [user, items] of this.#users) {
      const kept = items.filter((item) => !wanted(item))
      if (kept.length === items.length) continue
      taken.push(...items.filter(wanted))
      if (kept.length > 0) this.#users.set(user, kept)
      else this.#users.delete(user)
    }
    this.#size -= taken.length
    return taken
  }

  /** Takes everything. */
  drain(): Item[] {
    const all = [...this.#users.values()].flat()
    this.#users.clear()
    this.#size = 0
    return all
  }
}
