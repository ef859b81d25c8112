// `explain` of an app that is being served: one document in, one out.
import { childPointer, getField, isDocument, type Document, type Value } from "../kernel/index.ts"
import type { ExplainingDataService } from "./data/index.ts"
import { RequestError } from "./errors.ts"
import { answerQuestion, type AskedQuestion } from "./explain-answer.ts"
import { QuestionFault, questionKeys, readQuestion, readUser } from "./explain-question.ts"

export interface ServedExplanationOptions {
  readonly data: ExplainingDataService
  /** Takes secrets out of an answer. */
  readonly hide: (value: Value) => Value
  /** `%%user` of an account, with its custom data as it is now; null where there is none that may log in. */
  readonly userOf: (userId: string) => Promise<Document | null>
}

const placeKeys = ["service", "database", "collection", "user", "userId", "request"] as const
const known = new Set<string>(["operation", ...questionKeys, ...placeKeys])

/** Makes the function that answers an operator: `{ admitted, kind, explanation }`. It rejects with `RequestError` for what cannot be asked, with the place in the question. */
export function explainServed({ data, hide, userOf }: ServedExplanationOptions): (asked: Document) => Promise<Document> {
  return async (raw) => {
    const { admitted, kind, explanation } = await answerQuestion(data, await readAsked(raw, data.services, userOf), hide)
    return { admitted, kind, explanation }
  }
}

async function readAsked(raw: Document, services: readonly string[], userOf: ServedExplanationOptions["userOf"]): Promise<AskedQuestion> {
  try {
    const stray = Object.keys(raw).find((key) => !known.has(key))
    if (stray !== undefined) throw new QuestionFault(childPointer("", stray), "there is no such key")
    const request = getField(raw, "request") ?? {}
    if (!isDocument(request)) throw new QuestionFault("/request", "it is not a document")
    const namespace = { database: nameAt(raw, "database"), collection: nameAt(raw, "collection") }
    const [service, question] = [serviceOf(raw, services), readQuestion(Object.fromEntries(Object.entries(raw).filter(([key]) => !(placeKeys as readonly string[]).includes(key))))]
    return { service, namespace, question, caller: { system: false, request, user: await readAsker(raw, userOf) } }
  } catch (error) {
    if (error instanceof QuestionFault) throw new RequestError("InvalidParameter", `cannot explain: ${error.pointer}: ${error.message}`)
    throw error
  }
}

async function readAsker(raw: Document, userOf: ServedExplanationOptions["userOf"]): Promise<Document> {
  const isGiven = Object.hasOwn(raw, "user")
  if (isGiven === Object.hasOwn(raw, "userId")) throw new QuestionFault("/user", "either `user` or `userId` is needed")
  if (isGiven) return readUser(raw["user"], "/user")
  const user = await userOf(nameAt(raw, "userId"))
  if (user === null) throw new QuestionFault("/userId", "the app has no such user who may log in")
  return user
}

function serviceOf(raw: Document, services: readonly string[]): string {
  const [only] = services
  if (!Object.hasOwn(raw, "service") && services.length === 1 && only !== undefined) return only
  const service = nameAt(raw, "service")
  if (!services.includes(service)) throw new QuestionFault("/service", `there is no such data source; there are: ${services.join(", ")}`)
  return service
}

function nameAt(raw: Document, key: (typeof placeKeys)[number]): string {
  const name = getField(raw, key)
  if (typeof name !== "string" || name === "") throw new QuestionFault(childPointer("", key), "a name is needed")
  return name
}
