// RUN: gatewright-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s
// RUN: gatewright-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics --print-op-generic | filecheck %s --check-prefix GENERIC

%a = "test.op"() : () -> i32
%root = gw.isqrt %a : i32

// CHECK:       %root = gw.isqrt %a : i32
// GENERIC:     %root = "gw.isqrt"(%a) : (i32) -> i32

// -----

%a = "test.op"() : () -> index
%root = gw.isqrt %a : index

// CHECK:   index should be of base attribute integer_type
// GENERIC: index should be of base attribute integer_type

// -----

%x = "test.op"() : () -> f32
%unit = gw.gelu %x : f32
%sigmoid = gw.logistic %x : f32

// CHECK:       %unit = gw.gelu %x : f32
// GENERIC:     %unit = "gw.gelu"(%x) : (f32) -> f32
// CHECK:       %sigmoid = gw.logistic %x : f32
// GENERIC:     %sigmoid = "gw.logistic"(%x) : (f32) -> f32

// -----

%n = "test.op"() : () -> i32
%unit = gw.gelu %n : i32

// CHECK:   Unexpected attribute i32
// GENERIC: Unexpected attribute i32
