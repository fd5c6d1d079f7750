// RUN: gatewright-opt %s -p linalg-to-loops --split-input-file | filecheck %s

// A reduction begins with what makes its initial value, keeps its sum in a register, and ends in what uses it.

func.func @dense(%x: tensor<8xi16>) -> tensor<4xi16> {
  %w = arith.constant dense<[[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 9]]> : tensor<4x8xi16>
  %b = arith.constant dense<[1, 2, 3, 4]> : tensor<4xi16>
  %e = tensor.empty() : tensor<4xi32>
  %i = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%b : tensor<4xi16>) outs(%e : tensor<4xi32>) {
  ^bb0(%p: i16, %o: i32):
    %v = arith.extsi %p : i16 to i32
    linalg.yield %v : i32
  } -> tensor<4xi32>
  %s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%x, %w : tensor<8xi16>, tensor<4x8xi16>) outs(%i : tensor<4xi32>) {
  ^bb0(%p: i16, %q: i16, %o: i32):
    %p32 = arith.extsi %p : i16 to i32
    %q32 = arith.extsi %q : i16 to i32
    %m = arith.muli %p32, %q32 : i32
    %v = arith.addi %o, %m : i32
    linalg.yield %v : i32
  } -> tensor<4xi32>
  %f = tensor.empty() : tensor<4xi16>
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%s : tensor<4xi32>) outs(%f : tensor<4xi16>) {
  ^bb0(%p: i32, %o: i16):
    %v = arith.trunci %p : i32 to i16
    linalg.yield %v : i16
  } -> tensor<4xi16>
  func.return %r : tensor<4xi16>
}

// CHECK:       "memref.global"() <{sym_name = "constant_0", type = memref<4x8xi16>
// CHECK:       "memref.global"() <{sym_name = "constant_1", type = memref<4xi16>
// CHECK-LABEL: func.func @dense(%x: memref<8xi16> {{{.*}}}, %result: memref<4xi16> {{{.*}}gw.result = 0 : i64})
// CHECK-NOT:     memref.alloc
// CHECK:         scf.for [[I:%\d+]] =
// CHECK-NEXT:      memref.load {{%\d+}}{{\[}}[[I]]] : memref<4xi16>
// CHECK-NEXT:      arith.extsi
// CHECK-NEXT:      scf.for [[K:%\d+]] = {{.*}} iter_args
// CHECK-NEXT:        memref.load %x{{\[}}[[K]]] : memref<8xi16>
// CHECK-NEXT:        memref.load {{%\d+}}{{\[}}[[I]], [[K]]] : memref<4x8xi16>
// CHECK:             arith.muli
// CHECK:             scf.yield
// CHECK-NEXT:      }
// CHECK-NEXT:      arith.trunci
// CHECK-NEXT:      memref.store {{.*}}, %result{{\[}}[[I]]] : memref<4xi16>

// -----

// What is padded is computed inside the padded array; only the margins are filled apart.

func.func @padded(%x: tensor<4xi8>) -> tensor<6xi8> {
  %e = tensor.empty() : tensor<4xi8>
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%x : tensor<4xi8>) outs(%e : tensor<4xi8>) {
  ^bb0(%p: i8, %o: i8):
    %v = arith.addi %p, %p : i8
    linalg.yield %v : i8
  } -> tensor<4xi8>
  %z = arith.constant 7 : i8
  %p = tensor.pad %r low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %z : i8
  } : tensor<4xi8> to tensor<6xi8>
  func.return %p : tensor<6xi8>
}

// CHECK-LABEL: func.func @padded
// CHECK-NOT:     memref.alloc
// CHECK:         scf.for [[I:%\d+]] =
// CHECK-NEXT:      memref.load %x{{\[}}[[I]]]
// CHECK-NEXT:      arith.addi
// CHECK-NEXT:      [[J:%\d+]] = arith.addi [[I]], {{%\d+}} : index
// CHECK-NEXT:      memref.store {{.*}}, %result{{\[}}[[J]]]
// CHECK-NEXT:    }
// CHECK-NEXT:    memref.store {{.*}}, %result
// CHECK-NEXT:    memref.store {{.*}}, %result
// CHECK-NEXT:    func.return

// -----

// A padded tensor that only loops read lies nowhere: they read what it pads, or the padding. An index that is certainly
// inside is not compared.

func.func @read_padded(%x: tensor<4x3xi8>) -> tensor<5x3xi8> {
  %z = arith.constant 7 : i8
  %p = tensor.pad %x low[1, 0] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : i8
  } : tensor<4x3xi8> to tensor<5x3xi8>
  %e = tensor.empty() : tensor<5x3xi8>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%p : tensor<5x3xi8>) outs(%e : tensor<5x3xi8>) {
  ^bb0(%a: i8, %o: i8):
    %v = arith.addi %a, %a : i8
    linalg.yield %v : i8
  } -> tensor<5x3xi8>
  func.return %r : tensor<5x3xi8>
}

// CHECK-LABEL: func.func @read_padded
// CHECK-NOT:     memref.alloc
// CHECK:         [[Z:%\S+]] = arith.constant 7 : i8
// CHECK:         scf.for [[I:%\d+]] =
// CHECK-NEXT:      [[K:%\d+]] = arith.addi [[I]], {{%\d+}} : index
// CHECK-NEXT:      [[IN:%\d+]] = arith.cmpi sge, [[K]], {{%\d+}} : index
// CHECK:           scf.for [[J:%\d+]] =
// CHECK-NEXT:        [[V:%\d+]] = scf.if [[IN]] -> (i8) {
// CHECK-NEXT:          [[L:%\d+]] = memref.load %x{{\[}}[[K]], [[J]]]
// CHECK-NEXT:          scf.yield [[L]] : i8
// CHECK-NEXT:        } else {
// CHECK-NEXT:          scf.yield [[Z]] : i8
// CHECK-NEXT:        }
// CHECK-NEXT:        arith.addi [[V]], [[V]] : i8

// -----

// An array read as a row of its elements is read along its own axes: no division, no copy.

func.func @flattened(%x: tensor<2x3xi8>) -> tensor<6xi8> {
  %c = tensor.collapse_shape %x [[0, 1]] : tensor<2x3xi8> into tensor<6xi8>
  %e = tensor.empty() : tensor<6xi8>
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%c : tensor<6xi8>) outs(%e : tensor<6xi8>) {
  ^bb0(%p: i8, %o: i8):
    %v = arith.addi %p, %p : i8
    linalg.yield %v : i8
  } -> tensor<6xi8>
  func.return %r : tensor<6xi8>
}

// CHECK-LABEL: func.func @flattened
// CHECK-NOT:     div
// CHECK:         scf.for [[I:%\d+]] =
// CHECK-NEXT:      [[R:%\d+]] = arith.muli [[I]]
// CHECK-NEXT:      scf.for [[J:%\d+]] =
// CHECK-NEXT:        memref.load %x{{\[}}[[I]], [[J]]] : memref<2x3xi8>
// CHECK-NEXT:        arith.addi
// CHECK-NEXT:        [[P:%\d+]] = arith.addi [[R]], [[J]] : index
// CHECK-NEXT:        memref.store {{.*}}, %result{{\[}}[[P]]] : memref<6xi8>

// -----

// What ends a reduction may read a constant that stands behind it.

func.func @between(%x: tensor<4x3xi32> {gw.name = "x", gw.type = "i32"}) -> (tensor<4xi32> {gw.type = "i32", gw.result = 0}) {
  %zero = arith.constant dense<0> : tensor<4xi32>
  %sum = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x3xi32>) outs(%zero : tensor<4xi32>) {
  ^bb0(%e: i32, %acc: i32):
    %t = arith.addi %acc, %e : i32
    linalg.yield %t : i32
  } -> tensor<4xi32>
  %weights = arith.constant dense<[3, 5, 7, 11]> : tensor<4xi32>
  %empty = tensor.empty() : tensor<4xi32>
  %scaled = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%sum, %weights : tensor<4xi32>, tensor<4xi32>) outs(%empty : tensor<4xi32>) {
  ^bb0(%e: i32, %w: i32, %o: i32):
    %p = arith.muli %e, %w : i32
    linalg.yield %p : i32
  } -> tensor<4xi32>
  func.return %scaled : tensor<4xi32>
}

// CHECK-LABEL: func.func @between
// CHECK:         %[[W:[0-9a-z_]+]] = memref.get_global @constant_0 : memref<4xi32>
// CHECK-NOT:     memref.alloc
// CHECK:         scf.for
// CHECK:         memref.load %[[W]]
