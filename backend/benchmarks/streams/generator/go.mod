module headwater/generator

go 1.22
