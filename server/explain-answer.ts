// The answer to a question: asked of a data service, as plain values, without secrets.
import type { Document, Value } from "../kernel/index.ts"
import type { AppModel, SecretLookup } from "./app/index.ts"
import type { Caller, ExplainingDataService, Namespace } from "./data/index.ts"
import type { Question } from "./explain-question.ts"
import { masked, secretMasker } from "./mask-secrets.ts"

/** An explanation as plain values, secrets masked. `admitted`: granted, or a request that can reach something; false too where no document was there to ask about. */
export interface Explained { readonly admitted: boolean; readonly kind: "access" | "request"; readonly explanation: Document | null }

/** Who asks what, and where. */
export interface AskedQuestion { readonly service: string; readonly namespace: Namespace; readonly caller: Caller; readonly question: Question }

/**
 * Asks a data service. Nothing is written; functions in rules are called.
 *
 * SECURITY: for the author of the rules. The answer holds values of the user and the document; `hide` takes out what is secret.
 */
export async function answerQuestion(data: ExplainingDataService, { service, namespace, caller, question }: AskedQuestion, hide: (value: Value) => Value): Promise<Explained> {
  switch (question.operation) {
    case "read": case "insert": case "update": case "delete": {
      const explanation = await data.explain(service, namespace, caller, question)
      return { kind: "access", admitted: explanation?.decision.outcome === "granted", explanation: hide(explanation as unknown as Value) as Document | null }
    }
    default: {
      const receipt = await data.explainRequest(service, namespace, caller, question)
      return { kind: "request", admitted: receipt.sent !== "none", explanation: hide(receipt as unknown as Value) as Document }
    }
  }
}

/** Makes the function that takes an app's secrets out of an answer. `given`: secrets by name, as the operator supplied them. */
export function secretHider(model: AppModel, lookup: SecretLookup, given: Readonly<Record<string, string>> = {}): (value: Value) => Value {
  const mask = secretMasker(secretTexts(model, lookup, given))
  const names = secretNames(model)
  return (value) => hideSecretValues(mask(value), names)
}

function secretNames(model: AppModel): ReadonlySet<string> {
  return new Set([...model.values.values()].filter(({ fromSecret }) => fromSecret).map(({ name }) => name))
}

/** Every secret text this process could have met: those the app's values name, those the operator gave, and those of the environment. */
function secretTexts(model: AppModel, lookup: SecretLookup, given: Readonly<Record<string, string>>): string[] {
  const named = [...model.values.values()].filter(({ fromSecret }) => fromSecret).map(({ value }) => lookup(String(value)))
  const environment = Object.keys(process.env).filter((name) => name.startsWith("BACKSTITCH_SECRET_")).map((name) => process.env[name])
  return [...named, ...Object.values(given), ...environment].filter((text) => text !== undefined)
}

/**
 * Sides of tests that are written `%%values.<a secret>` or are made of one show no value, whatever became of it. A result that is
 * undetermined becomes null, and what is undefined is left out.
 */
function hideSecretValues(value: Value, names: ReadonlySet<string>): Value {
  if (Array.isArray(value)) return value.map((item: Value) => hideSecretValues(item, names))
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const document = value as Document
  const { text } = document
  const isSecret = typeof text === "string" && Object.hasOwn(document, "value") && [...text.matchAll(/%%values\.([^\s.]+)/g)].some(([, name]) => names.has(name as string))
  return Object.fromEntries(Object.entries(document).flatMap(([key, inner]): [string, Value][] => {
    if (inner === undefined) return key === "applies" || key === "result" ? [[key, null]] : []
    return [[key, isSecret && key === "value" ? masked : hideSecretValues(inner, names)]]
  }))
}
