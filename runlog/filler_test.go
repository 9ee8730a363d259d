package runlog

import (
	"reflect"
	"strings"
	"time"
)

// filler gives every field that is saved a value of its own, so that a field added later is covered too.
type filler struct{ next int64 }

func (f *filler) fill(v reflect.Value) {
	f.next++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(v.Index(0))
		f.fill(v.Index(1))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key)
		f.fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1_700_000_000+f.next, f.next).UTC()))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				f.fill(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString(strings.Repeat("né\x00\"", int(f.next%3)+1))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(f.next) + 0.1)
	case reflect.Uint8:
		v.SetUint(uint64(f.next % 256))
	case reflect.Uint64:
		v.SetUint(uint64(f.next))
	default:
		v.SetInt(-f.next)
	}
}
