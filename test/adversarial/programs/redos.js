// {"expect": ["terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => /^(a+)+$/.test('a'.repeat(60) + 'b')
