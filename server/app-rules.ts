// What the rules of an app are compiled from: its data sources and its values.
import { setField, type Document, type Value } from "../kernel/index.ts"
import type { AppModel, AppValue } from "./app/index.ts"
import { compileDataSource, type CompileOptions, type RuledDataSource } from "./data/index.ts"
import { ConfigError } from "./errors.ts"

/** The app's data sources, their rules compiled. Throws `ConfigError` where that cannot be done. */
export function ruledDataSources(model: AppModel, options: CompileOptions = {}): RuledDataSource[] {
  return [...model.dataSources.values()].map((source) => {
    const { dataSource, problems } = compileDataSource(source, options)
    const broken = problems.find(({ errors }) => errors.length > 0)
    if (broken !== undefined) throw new ConfigError("app-refused", `${broken.file}: ${broken.errors[0]?.message}`)
    return dataSource
  })
}

/** `%%values` and `%%environment`. `resolve` gives the value, or the text of the secret it names. */
export function knownValues(model: AppModel, resolve: (value: AppValue) => Value): { readonly values: Document; readonly environment: Document } {
  const values: Document = {}
  for (const [name, value] of model.values) setField(values, name, resolve(value))
  return { values, environment: { tag: model.environment.tag, values: model.environment.values } }
}
