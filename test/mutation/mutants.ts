// Makes mutants of a source file: one place changed in each. Comments, texts, types and imports are left alone.
import { stripTypeScriptTypes } from "node:module"
import { parse, type AnyNode } from "acorn"

/** One change, as the text between two places of the file without its types. `change` says it for people. */
export interface Mutant {
  readonly file: string
  readonly line: number
  readonly change: string
  readonly site: Site
  readonly replacement: string
}

/** What stands at a place, and so how a change of it is switched on: see instrument.ts. */
export type SiteKind = "statement" | "jump" | "element" | "property" | "expression"
export interface Site { readonly kind: SiteKind; readonly from: number; readonly to: number }

/** A file without its types, place for place as it was, and its mutants. */
export interface MutatedFile { readonly file: string; readonly code: string; readonly mutants: readonly Mutant[] }

const swappedLogic: Record<string, string> = { "&&": "||", "||": "&&" }
const swappedBinary: Record<string, readonly string[]> = {
  "===": ["!=="], "!==": ["==="], "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"],
}
const swappedMethod: Record<string, string> = { every: "some", some: "every", startsWith: "endsWith", min: "max", max: "min" }
/** Methods that give back something of the kind they were asked of: the call is dropped. */
const droppedMethods = new Set(["filter", "slice", "toSorted", "toReversed", "toLowerCase", "flat", "replaceAll"])
/** Tables shorter than this are pairs and triples, not lists of names. */
const shortestTable = 3

/** Every mutant of a file. */
export function mutantsOf(file: string, source: string): MutatedFile {
  const code = stripTypeScriptTypes(source)
  const mutants: Mutant[] = []
  const textOf = ({ start, end }: AnyNode): string => code.slice(start, end)
  const add = (kind: SiteKind, node: AnyNode, replacement: string, change = `${textOf(node)} → ${replacement}`): void => {
    const line = code.slice(0, node.start).split("\n").length
    mutants.push({ file, line, change: shortened(change), site: { kind, from: node.start, to: node.end }, replacement })
  }
  visit(parse(code, { ecmaVersion: "latest", sourceType: "module" }), undefined, 0)
  return { file, code, mutants }

  /** `depth`: functions around a node; tables stand outside all of them. */
  function visit(node: AnyNode, parent: AnyNode | undefined, depth: number): void {
    if (node.type === "ImportDeclaration" || (node.type === "ExportNamedDeclaration" && node.source !== null && node.source !== undefined)) return
    mutate(node, parent, depth)
    const deeper = depth + (node.type === "FunctionDeclaration" || node.type === "ArrowFunctionExpression" || node.type === "FunctionExpression" ? 1 : 0)
    for (const child of childrenOf(node)) visit(child, node, deeper)
  }

  function mutate(node: AnyNode, parent: AnyNode | undefined, depth: number): void {
    switch (node.type) {
      case "LogicalExpression":
        if (node.operator !== "??") add("expression", node, `(${textOf(node.left)}) ${swappedLogic[node.operator]} (${textOf(node.right)})`, `${node.operator} → ${swappedLogic[node.operator]}`)
        add("expression", node, textOf(node.left), `${node.operator} ${textOf(node.right)} dropped`)
        if (node.operator !== "??") add("expression", node, textOf(node.right), `${textOf(node.left)} ${node.operator} dropped`)
        return
      case "BinaryExpression":
        for (const operator of swappedBinary[node.operator] ?? []) add("expression", node, `(${textOf(node.left)}) ${operator} (${textOf(node.right)})`, `${textOf(node)}: ${node.operator} → ${operator}`)
        if (node.operator === "in" || node.operator === "instanceof") add("expression", node, `!(${textOf(node)})`)
        return
      case "UnaryExpression":
        if (node.operator === "!") add("expression", node, textOf(node.argument))
        return
      case "ConditionalExpression":
        add("expression", node, textOf(node.consequent), `${textOf(node.test)} ? → true ?`)
        add("expression", node, textOf(node.alternate), `${textOf(node.test)} ? → false ?`)
        return
      case "IfStatement":
        add("expression", node.test, "true", `if (${textOf(node.test)}) → if (true)`)
        add("expression", node.test, "false", `if (${textOf(node.test)}) → if (false)`)
        return
      case "ForStatement": case "WhileStatement":
        if (node.test !== null && node.test !== undefined) add("expression", node.test, "false", `loop while ${textOf(node.test)} → never`)
        return
      case "SwitchCase":
        if (node.test !== null && node.test !== undefined) add("expression", node.test, "Symbol()", `case ${textOf(node.test)} dropped`)
        return
      case "Literal":
        if (parent?.type === "Property" && parent.key === node && !parent.computed) return
        if (typeof node.value === "boolean") add("expression", node, String(!node.value))
        if (typeof node.value === "number") add("expression", node, String(node.value + 1))
        if (typeof node.value === "bigint") add("expression", node, `${node.value + 1n}n`)
        return
      case "CallExpression":
        if (node.callee.type === "MemberExpression") mutateMethod(node, node.callee, parent)
        return
      case "ExpressionStatement":
        if (node.expression.type !== "Literal") add("statement", node, "", `${textOf(node)} dropped`)
        return
      case "AssignmentExpression":
        if (node.operator === "+=" || node.operator === "-=") add("expression", node, `${textOf(node.left)} ${node.operator === "+=" ? "-=" : "+="} ${textOf(node.right)}`, `${textOf(node)}: the other way`)
        if (node.operator === "||=" || node.operator === "&&=" || node.operator === "??=") add("expression", node, `${textOf(node.left)} = ${textOf(node.right)}`, `${node.operator} → =`)
        return
      case "ThrowStatement": case "ContinueStatement": case "BreakStatement": return add("jump", node, "", `${textOf(node)} dropped`)
      case "ReturnStatement":
        if (node.argument === null || node.argument === undefined) add("jump", node, "", "return dropped")
        return
      case "ArrayExpression":
        if (depth === 0 && node.elements.length >= shortestTable) for (const element of node.elements) if (element !== null) add("element", element, "", `${textOf(element)} left out`)
        return
      case "ObjectExpression":
        if (depth === 0 && node.properties.length >= shortestTable) for (const property of node.properties) if (property.type === "Property") add("property", property, "", `${textOf(property)} left out`)
    }
  }

  function mutateMethod(call: AnyNode, callee: Extract<AnyNode, { type: "MemberExpression" }>, parent: AnyNode | undefined): void {
    // Inside `a?.b.filter(…).length` the call is no expression of its own.
    if (callee.optional || (parent?.type === "MemberExpression" && isChained(call)) || callee.property.type !== "Identifier") return
    const { name } = callee.property
    const other = Object.hasOwn(swappedMethod, name) ? swappedMethod[name] : undefined
    if (other !== undefined) add("expression", call, `${code.slice(call.start, callee.property.start)}${other}${code.slice(callee.property.end, call.end)}`, `.${name}(…) → .${other}(…)`)
    if (droppedMethods.has(name) && !isChained(call)) add("expression", call, textOf(callee.object), `.${code.slice(callee.property.start, call.end)} dropped`)
  }

  function isChained(node: AnyNode): boolean {
    return textOf(node).includes("?.")
  }
}

/** The nodes directly below one. */
export function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node).flat().filter((value): value is AnyNode => typeof value === "object" && value !== null && "type" in value && "start" in value)
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim()
  return line.length <= 140 ? line : `${line.slice(0, 137)}…`
}
