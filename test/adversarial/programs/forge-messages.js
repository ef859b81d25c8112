// {"expect": ["returned"], "result": "[\"undefined\"]"}
exports = () => { const out = []; for (const name of ['send', 'sync', 'dispatch', 'sendRaw', 'syncRaw', 'loadFunction', '__load', 'waiting', 'post', 'limits']) { try { out.push(typeof (0, eval)(name)); } catch { out.push('undefined'); } } return [...new Set(out)]; }
