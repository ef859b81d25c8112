// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy; }
