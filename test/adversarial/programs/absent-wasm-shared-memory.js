// {"expect": ["returned"], "result": "[\"undefined\",\"undefined\",\"undefined\",\"undefined\",\"undefined\"]"}
exports = () => [typeof WebAssembly, typeof SharedArrayBuffer, typeof Atomics, typeof WeakRef, typeof FinalizationRegistry]
