// {"expect": ["returned"], "result": "[]"}
exports = () => { const out = []; for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'toString']) try { context.functions.execute(name); out.push(name); } catch (e) { if (!/function not found/.test(e.message)) out.push(e.message); } return out; }
