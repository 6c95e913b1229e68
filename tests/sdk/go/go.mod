module guidon.invalid/sdk

go 1.22

require (
	github.com/amplitude/analytics-go v1.0.1
	github.com/amplitude/experiment-go-server v1.12.0
)

require (
	github.com/google/uuid v1.3.0 // indirect
	github.com/spaolacci/murmur3 v1.1.0 // indirect
	github.com/tmaxmax/go-sse v0.11.0 // indirect
)
