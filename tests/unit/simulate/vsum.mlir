// b[i] = low half of a[i] + x * rom[i] for i < n, and the sum of the wide values: two cycles an element, one to find
// the end and one to accept the start.
builtin.module {
  hw.module @vsum(in %clk: !seq.clock, in %rst: i1, in %start: i1, out ready: i1, out done: i1, in %x: i8, in %n: i8,
                  out result: i32, out a_read_address: i3, out a_read_enable: i1, in %a_read_data: i32,
                  out b_write_address: i3, out b_write_enable: i1, out b_write_data: i16) {
    %true = hw.constant true
    %false = hw.constant false
    %c0 = hw.constant 0 : i32
    %c0_8 = hw.constant 0 : i8
    %c1_8 = hw.constant 1 : i8
    %ready = comb.xor %busy, %true : i1
    %accepted = comb.and %start, %ready : i1
    %x_sampled = seq.compreg.ce %x, %clk, %accepted : i8
    %n_sampled = seq.compreg.ce %n, %clk, %accepted : i8
    %not_last = comb.xor %last, %true : i1
    %working = comb.and %busy, %not_last : i1
    %busy_next = comb.or %accepted, %working : i1
    %busy = seq.compreg %busy_next, %clk reset %rst, %false : i1
    %more = comb.icmp ult %i, %n_sampled : i8
    %no_more = comb.xor %more, %true : i1
    %last = comb.and %busy, %no_more : i1
    %done = seq.compreg %last, %clk reset %rst, %false : i1
    %reading = comb.xor %writing, %true : i1
    %phase_next = comb.and %reading, %busy, %more : i1
    %writing = seq.compreg %phase_next, %clk reset %rst, %false : i1
    %write = comb.and %busy, %writing, %more : i1
    %i_plus_1 = comb.add %i, %c1_8 : i8
    %i_stepped = comb.mux %write, %i_plus_1, %i : i8
    %i_next = comb.mux %accepted, %c0_8, %i_stepped : i8
    %i = seq.compreg %i_next, %clk : i8
    %address = comb.extract %i from 0 : (i8) -> i3
    %rom = seq.firmem 1, 1, undefined, undefined {init = #seq.firmem.init<"vsum_rom.mem", false, false>} : <8 x 8>
    %factor = seq.firmem.read_port %rom[%address], clock %clk enable %busy : <8 x 8>
    %x_sign = comb.extract %x_sampled from 7 : (i8) -> i1
    %x_signs = comb.replicate %x_sign : (i1) -> i24
    %x_wide = comb.concat %x_signs, %x_sampled : i24, i8
    %factor_sign = comb.extract %factor from 7 : (i8) -> i1
    %factor_signs = comb.replicate %factor_sign : (i1) -> i24
    %factor_wide = comb.concat %factor_signs, %factor : i24, i8
    %product = comb.mul %x_wide, %factor_wide : i32
    %value = comb.add %product, %a_read_data : i32
    %low = comb.extract %value from 0 : (i32) -> i16
    %sum_plus = comb.add %sum, %value : i32
    %sum_stepped = comb.mux %write, %sum_plus, %sum : i32
    %sum_next = comb.mux %accepted, %c0, %sum_stepped : i32
    %sum = seq.compreg %sum_next, %clk : i32
    hw.output %ready, %done, %sum, %address, %busy, %address, %write, %low : i1, i1, i32, i3, i1, i3, i1, i16
  }
}
