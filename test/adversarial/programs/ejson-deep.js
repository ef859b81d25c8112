// {"expect": ["returned"], "result": "[\"RangeError\",\"RangeError\",\"RangeError\"]"}
exports = () => { const attempt = (work) => { try { work(); return "none" } catch (error) { return error.name } }
  const text = '{"a":'.repeat(1e5) + "1" + "}".repeat(1e5); let value = {}; for (let k = 0; k < 1e5; k++) value = { value }
  return [attempt(() => EJSON.parse('{"a":'.repeat(250) + "1" + "}".repeat(250))), attempt(() => EJSON.stringify(value)), attempt(() => { try { EJSON.parse(text) } catch (error) { throw error instanceof RangeError ? error : new RangeError(error.name) } })] }
