// The contract of the storage port, for every store. A known gap of a stand-in server is named: its test must fail, so that the
// name is deleted when the gap is closed. What a store says it cannot do (`abilities`) it must refuse.
import { afterAll, beforeAll, describe, test } from "vitest"
import { ObjectId, type Document } from "../../kernel/index.ts"
import type { Namespace, Store } from "../../server/data/index.ts"
import { concurrentContract } from "./concurrent-contract.ts"
import { firstInsertedContract } from "./first-inserted-contract.ts"
import { indexContract } from "./index-contract.ts"
import { readContract } from "./read-contract.ts"
import { stateContract } from "./state-contract.ts"
import { swapContract } from "./swap-contract.ts"
import { transactionContract } from "./transaction-contract.ts"
import { watchContract } from "./watch-contract.ts"
import { writeContract } from "./write-contract.ts"

/** What the stand-in for MongoDB does wrong, by its own documentation and by measurement. */
export type Gap = "natural-order-after-delete" | "pipeline-updates" | "change-event-details" | "equality-of-lists" | "malformed-without-documents"

export interface OpenedStore { readonly store: Store & { readonly internal: Store }; close(): Promise<void> }

/** What each part of the contract is given. */
export interface Bench {
  readonly store: () => Store & { readonly internal: Store }
  /** A new, empty collection. */
  readonly fresh: (documents?: readonly Document[]) => Promise<Namespace>
  /** A test, which must fail where the store has the gap. */
  readonly unless: (gap: Gap) => (name: string, run: () => Promise<void>) => void
}

export function storeContract(name: string, open: () => Promise<OpenedStore>, gaps: ReadonlySet<Gap> = new Set()): void {
  describe(`${name} as a Store`, () => {
    let opened: OpenedStore | undefined
    const database = `contract${new ObjectId().toHexString()}`
    let collections = 0

    beforeAll(async () => {
      opened = await open()
    })
    afterAll(async () => {
      await opened?.close()
    })

    const bench: Bench = {
      store: () => (opened as OpenedStore).store,
      async fresh(documents = []) {
        const namespace = { database, collection: `c${collections++}` }
        if (documents.length > 0) await bench.store().insert(namespace, documents)
        return namespace
      },
      unless: (gap) => (gaps.has(gap) ? (title, run) => test.fails(title, run) : (title, run) => test(title, run)),
    }
    readContract(bench)
    writeContract(bench)
    swapContract(bench)
    concurrentContract(bench)
    indexContract(bench)
    firstInsertedContract(bench)
    transactionContract(bench)
    watchContract(bench)
    stateContract(bench)
  })
}
