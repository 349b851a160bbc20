package main

import "unicode/utf8"

// The CBOR of entries and evidence files: RFC 8949 section 4.2.1, with unsigned map keys and without
// floats, tags and indefinite lengths. A value has one encoding; every other one is refused.

const maxDepth = 16

var errCBOR = refusal("CBOR that nobody would write")

// A value is uint64, negative, []byte, string, array, object, bool or nil.
type (
	negative int64
	array    []interface{}
	object   map[uint64]interface{}
)

type reader struct{ rest []byte }

// decode reads one value and nothing behind it.
func decode(b []byte) (interface{}, error) {
	r := reader{b}
	v, err := r.value(0)
	if err == nil && len(r.rest) > 0 {
		err = errCBOR
	}
	return v, err
}

func (r *reader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.rest)) {
		return nil, errCBOR
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out, nil
}

func (r *reader) head() (major byte, n uint64, err error) {
	first, err := r.take(1)
	if err != nil {
		return 0, 0, err
	}
	major, low := first[0]>>5, first[0]&31
	if low < 24 {
		return major, uint64(low), nil
	}
	if low > 27 || major == 7 {
		return 0, 0, errCBOR
	}
	width := uint64(1) << (low - 24)
	b, err := r.take(width)
	if err != nil {
		return 0, 0, err
	}
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	least := [4]uint64{24, 1 << 8, 1 << 16, 1 << 32}[low-24]
	if n < least {
		return 0, 0, errCBOR
	}
	return major, n, nil
}

func (r *reader) value(depth int) (interface{}, error) {
	if depth > maxDepth {
		return nil, errCBOR
	}
	major, n, err := r.head()
	if err != nil {
		return nil, err
	}
	switch major {
	case 0:
		return n, nil
	case 1:
		if n > 1<<63-1 {
			return nil, errCBOR
		}
		return negative(-1 - int64(n)), nil
	case 2:
		return r.take(n)
	case 3:
		b, err := r.take(n)
		if err != nil || !utf8.Valid(b) {
			return nil, errCBOR
		}
		return string(b), nil
	case 4:
		if n > uint64(len(r.rest)) {
			return nil, errCBOR
		}
		out := make(array, 0, n)
		for ; n > 0; n-- {
			v, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case 5:
		if n > uint64(len(r.rest))/2 {
			return nil, errCBOR
		}
		out := make(object, n)
		last := uint64(0)
		for i := uint64(0); i < n; i++ {
			major, key, err := r.head()
			if err != nil || major != 0 || i > 0 && key <= last {
				return nil, errCBOR
			}
			last = key
			if out[key], err = r.value(depth + 1); err != nil {
				return nil, err
			}
		}
		return out, nil
	case 7:
		switch n {
		case 20, 21:
			return n == 21, nil
		case 22:
			return nil, nil
		}
	}
	return nil, errCBOR
}

// fields gives the values of a map that has just these keys.
func fields(v interface{}, keys ...uint64) ([]interface{}, error) {
	m, ok := v.(object)
	if !ok || len(m) != len(keys) {
		return nil, errCBOR
	}
	out := make([]interface{}, len(keys))
	for i, k := range keys {
		if out[i], ok = m[k]; !ok {
			return nil, errCBOR
		}
	}
	return out, nil
}

// list gives the values of an array of a certain length.
func list(v interface{}, length int) (array, error) {
	a, ok := v.(array)
	if !ok || len(a) != length {
		return nil, errCBOR
	}
	return a, nil
}

// fixed gives a byte string of a certain length.
func fixed(v interface{}, length int) ([]byte, error) {
	b, ok := v.([]byte)
	if !ok || len(b) != length {
		return nil, errCBOR
	}
	return b, nil
}
