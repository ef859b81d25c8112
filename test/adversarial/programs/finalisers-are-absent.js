// {"expect": ["returned"], "result": "[\"undefined\",\"undefined\",\"undefined\"]"}
exports = () => [typeof FinalizationRegistry, typeof WeakRef, typeof (function () { return this })().gc]
