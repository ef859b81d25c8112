// {"expect": ["terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 600, "cpuMs": 600}}
exports = () => { const c = context.services.get('mongodb-atlas').db('a').collection('b'); for (;;) c.count().catch(() => {}); }
