// {"expect": ["returned"], "result": "\"undefined\""}
exports = () => typeof globalThis.__load //<!--
