// {"expect": ["returned"], "result": "{\"$numberInt\":\"0\"}"}
exports = async () => { const v = await context.services.get('mongodb-atlas').db('a').collection('b').findOne({}); let p = v, bad = 0; while (p !== null && p !== undefined) { try { if (p.constructor.constructor('return this')() !== globalThis) bad++; } catch {} p = Object.getPrototypeOf(p); } return bad; }
