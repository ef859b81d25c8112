// {"expect": ["terminated:never-settles"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => new Promise(() => {})
