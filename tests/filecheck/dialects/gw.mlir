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

// -----

%t = "test.op"() : () -> i1
%x = "test.op"() : () -> i8
%p = gw.invoke "arith.muli" on 1 : i64 of <muli(i8, i8, i8), latency = 1> at %t(%x, %x) : (i8, i8) -> i8
gw.request "read port" of "a" at %t address %x : i8
gw.request "write port" of "a" at %t address %x word %p : i8, i8
%s = gw.port_signal "enable" of "read port" of "a" : i1

// CHECK:       %p = gw.invoke "arith.muli" on 1 : i64 of <muli(i8, i8, i8), latency = 1> at %t(%x, %x) : (i8, i8) -> i8
// CHECK-NEXT:  gw.request "read port" of "a" at %t address %x : i8
// CHECK-NEXT:  gw.request "write port" of "a" at %t address %x word %p : i8, i8
// CHECK-NEXT:  %s = gw.port_signal "enable" of "read port" of "a" : i1
// GENERIC:     %p = "gw.invoke"(%t, %x, %x) {operation = "arith.muli", unit = 1 : i64, operator = #gw.operator<muli(i8, i8, i8), latency = 1>} : (i1, i8, i8) -> i8

// -----

%s = gw.port_signal "colour" of "read port" of "a" : i1

// CHECK:   a port has no signal colour: one of address, enable, read_enable, write_enable, write_data
// GENERIC: a port has no signal colour: one of address, enable, read_enable, write_enable, write_data

// -----

%m = "test.op"() {gw.memory = #gw.memory<"w", read, image = "w.mem">} : () -> i1
%d = "test.op"() {gw.memory = #gw.memory<"d", read, write, dual>} : () -> i1

// CHECK:       %m = "test.op"() {gw.memory = #gw.memory<"w", read, image = "w.mem">} : () -> i1
// CHECK-NEXT:  %d = "test.op"() {gw.memory = #gw.memory<"d", read, write, dual>} : () -> i1
// GENERIC:     %m = "test.op"() {gw.memory = #gw.memory<"w", read, image = "w.mem">} : () -> i1

// -----

%m = "test.op"() {gw.memory = #gw.memory<"w", fast>} : () -> i1

// CHECK:   a memory is read, write, dual, and has an image
// GENERIC: a memory is read, write, dual, and has an image

