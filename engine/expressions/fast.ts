// Programs for what is true or false of every document, which is nearly all there is; each is made once for all requests.
import type { BoundNode } from "./bound.ts"
import { generate, type Factory, type Programs } from "./generate.ts"
import { shapeOf } from "./shape.ts"

type Factories<Of extends keyof Programs> = Map<string, Factory<Of> | undefined>

const factories: { readonly [Of in keyof Programs]: Factories<Of> } = { scope: new Map(), stored: new Map() }
const mostFactories = 1000

/**
 * The program of a node; undefined when it may be undetermined, is very large, or this process may not make code of text.
 *
 * Programs are kept by their shape, which hangs on the rules and on the kinds of the user's values, and by their names, so that
 * each meets documents of few kinds.
 */
export function compileFast<Of extends keyof Programs>(node: BoundNode, of: Of): Programs[Of] | undefined {
  const shaped = shapeOf(node)
  if (shaped === undefined) return undefined
  const made: Factories<Of> = factories[of]
  const key = `${shaped.shape}\n${shaped.names}`
  let factory = made.get(key)
  if (factory === undefined && !made.has(key)) {
    if (made.size === mostFactories) made.clear()
    factory = generate(shaped.shape, of)
    made.set(key, factory)
  }
  return factory?.(shaped.operands)
}
