;; The gate's look-up and nothing else: answers[rows[node] * stride + permission].
;; Rows are 32 bits each, from address 0; answers one byte each, from `answers`.
(module
  (memory (export "memory") 1)
  (global $answers (export "answers") (mut i32) (i32.const 0))
  (global $stride (export "stride") (mut i32) (i32.const 0))
  (func (export "can") (param $permission i32) (param $node i32) (result i32)
    (i32.load8_u
      (i32.add
        (i32.add
          (global.get $answers)
          (i32.mul
            (i32.load (i32.shl (local.get $node) (i32.const 2)))
            (global.get $stride)))
        (local.get $permission)))))
