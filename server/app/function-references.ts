// What the parts of an app say of functions, checked once all functions are known.
import type { Report, Spot } from "./findings.ts"
import type { AppFunction } from "./model.ts"

/** A part names a function; `wording` replaces the usual sentence where App Services' own is known. */
export interface FunctionReference { readonly name: string; readonly at: Spot; readonly report: Report; readonly wording?: string }

export interface FunctionReferences {
  add(reference: FunctionReference): void
  /** The name of the function with an id, as the Admin API's form refers to it; the id itself where there is none, which is then unknown. */
  nameOf(id: string): string
  /** Reports every reference to a function that does not exist. */
  check(): void
}

/** Collects references to the functions of one app. */
export function openReferences(functions: ReadonlyMap<string, AppFunction>): FunctionReferences {
  const references: FunctionReference[] = []
  const names = new Map([...functions.values()].flatMap(({ id, name }): [string, string][] => (id === undefined ? [] : [[id, name]])))
  return {
    add: (reference) => {
      references.push(reference)
    },
    nameOf: (id) => names.get(id) ?? id,
    check: () => {
      for (const { name, at, report, wording } of references) {
        if (!functions.has(name)) report.error("unknown-function", at, wording ?? `the function \`${name}\` does not exist`)
      }
    },
  }
}
