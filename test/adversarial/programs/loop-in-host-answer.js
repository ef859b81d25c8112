// {"expect": ["terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = async () => { await context.services.get('mongodb-atlas').db('a').collection('b').count(); for (;;); }
