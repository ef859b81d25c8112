// {"expect": ["returned"], "result": "[]"}
exports = () => { const out = []; for (const file of ['/etc/passwd', '/proc/self/environ', '../../../../etc/passwd', 'runtime/executor.ts']) try { require('fs').readFileSync(file); out.push(file); } catch {} return out; }
